# Builds and installs for systems without a package: make, then make install PREFIX=/usr/local DESTDIR=
# make check is the quick part of what .ci/run checks. Everything else is done with cargo; see CONTRIBUTING.md.

PREFIX = /usr/local
BINDIR = $(PREFIX)/bin
LIBDIR = $(PREFIX)/lib
DATADIR = $(PREFIX)/share
MANDIR = $(DATADIR)/man
INSTALL = install
CARGO_TARGET_DIR ?= target

PROGRAM = $(CARGO_TARGET_DIR)/release/ipcctl

all:
	packaging/build

# What every change has to pass, without the tests that make objects: in a minute where the rest is built.
check:
	cargo fmt --all -- --check
	cargo clippy --all-targets --locked --quiet -- -D warnings
	cargo test --lib --locked --quiet
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --document-private-items --locked --quiet

# Fails every system call of every verb, one at a time, with each of ten errors: hours. The test alone tries a sample.
# IPCCTL_FAULTS_OF=recv tries one verb; IPCCTL_FAULTS_REPORT=FILE, not below /tmp, gets what is wrong.
faults:
	IPCCTL_FAULTS=all cargo test --locked --test ipcctl -- "calls: no call that fails" --nocapture

# Races that attackers run against, ten thousand of each, as many cleaners killed at random moments, as many files that cannot
# be locked or removed (needs strace), and as many removals of each kind beside programs that use their objects at full speed:
# hours. IPCCTL_ATTACKS and IPCCTL_RACES have other numbers.
IPCCTL_ATTACKS ?= 10000
IPCCTL_RACES ?= 10000
attacks:
	IPCCTL_ATTACKS=$(IPCCTL_ATTACKS) cargo test --locked --test ipcctl -- "attacks:" --nocapture
	IPCCTL_ATTACKS=$(IPCCTL_ATTACKS) cargo test --locked --test ipcctl -- "races: a killed cleaner" --nocapture
	IPCCTL_ATTACKS=$(IPCCTL_ATTACKS) cargo test --locked --test ipcctl -- "quarantine:" --nocapture
	IPCCTL_RACES=$(IPCCTL_RACES) cargo test --locked --test ipcctl -- "never lost" --nocapture

# Eight senders and eight receivers that signals end at random, ten million messages of each queue and of a FIFO, and as many
# with receivers that are killed: hours. IPCCTL_SOAK has another number.
IPCCTL_SOAK ?= 10000000
soak:
	IPCCTL_SOAK=$(IPCCTL_SOAK) cargo test --release --locked --test ipcctl -- "soak:" --nocapture

# Gives random input, guided by what it reaches, to every parser that reads what others write: so many minutes for all of
# them together. Needs a nightly compiler and cargo-fuzz. MINUTES=10080 is a week.
MINUTES = 20
fuzz:
	fuzz/campaign $(MINUTES)

# Installing builds nothing, so that it can be done by root alone.
install:
	@test -x $(PROGRAM) || { echo "there is no $(PROGRAM): run make first" >&2; exit 1; }
	$(INSTALL) -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(MANDIR)/man1 $(DESTDIR)$(MANDIR)/man7
	$(INSTALL) -m 755 $(PROGRAM) $(DESTDIR)$(BINDIR)/ipcctl
	$(INSTALL) -d $(DESTDIR)$(LIBDIR)/ipcctl/bin
	for name in ipcs ipcrm ipcmk lsipc; do \
		ln -srf $(DESTDIR)$(BINDIR)/ipcctl $(DESTDIR)$(LIBDIR)/ipcctl/bin/$$name || exit 1; \
	done
	$(INSTALL) -m 644 man/*.1 $(DESTDIR)$(MANDIR)/man1
	$(INSTALL) -m 644 man/*.7 $(DESTDIR)$(MANDIR)/man7
	$(INSTALL) -D -m 644 completions/ipcctl.bash $(DESTDIR)$(DATADIR)/bash-completion/completions/ipcctl
	$(INSTALL) -D -m 644 completions/_ipcctl $(DESTDIR)$(DATADIR)/zsh/site-functions/_ipcctl
	$(INSTALL) -D -m 644 completions/ipcctl.fish $(DESTDIR)$(DATADIR)/fish/vendor_completions.d/ipcctl.fish
	$(INSTALL) -d $(DESTDIR)$(DATADIR)/doc/ipcctl
	$(INSTALL) -m 644 README.md CHANGELOG.md LICENSE-MIT LICENSE-APACHE $(DESTDIR)$(DATADIR)/doc/ipcctl

uninstall:
	rm -f $(DESTDIR)$(BINDIR)/ipcctl
	rm -rf $(DESTDIR)$(LIBDIR)/ipcctl
	rm -f $(DESTDIR)$(MANDIR)/man1/ipcctl.1 $(DESTDIR)$(MANDIR)/man1/ipcctl-*.1 $(DESTDIR)$(MANDIR)/man7/ipcctl.7
	rm -f $(DESTDIR)$(DATADIR)/bash-completion/completions/ipcctl
	rm -f $(DESTDIR)$(DATADIR)/zsh/site-functions/_ipcctl
	rm -f $(DESTDIR)$(DATADIR)/fish/vendor_completions.d/ipcctl.fish
	rm -rf $(DESTDIR)$(DATADIR)/doc/ipcctl

.PHONY: all attacks check faults fuzz install soak uninstall
