//! A place on the network that a socket can be bound to, as an address names it: `tcp:127.0.0.1:8080`.

use std::fmt::{self, Display};
use std::net::IpAddr;

use super::encoding::quoted;

/// How bytes travel between Internet sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transport {
    /// `tcp(7)`.
    Tcp,
    /// `udp(7)`.
    Udp,
}

impl Transport {
    /// The word in an address: `tcp`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

/// A host as it is named without a resolver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Host {
    /// This address of IPv4 or IPv6.
    Number(IpAddr),
    /// `localhost`: 127.0.0.1 and ::1.
    Localhost,
}

impl Host {
    /// Returns true if a socket bound to `address` is meant.
    pub fn is(self, address: IpAddr) -> bool {
        match self {
            Self::Number(number) => number == address,
            Self::Localhost => {
                address == IpAddr::from([127, 0, 0, 1])
                    || address == IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])
            }
        }
    }

    /// Returns true if a socket that is bound to every address of the family of `address` is reached through this host.
    pub fn is_reached_through(self, address: IpAddr) -> bool {
        address.is_unspecified()
            && match self {
                // A socket of IPv6 is reached by IPv4, too, unless it is told otherwise.
                Self::Number(IpAddr::V6(_)) => address.is_ipv6(),
                Self::Number(IpAddr::V4(_)) | Self::Localhost => true,
            }
    }
}

/// Where an Internet socket is bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InetAddress {
    /// TCP or UDP.
    pub transport: Transport,
    /// The host.
    pub host: Host,
    /// The port, 1 to 65535.
    pub port: u16,
}

impl InetAddress {
    /// Reads `HOST:PORT`. The port follows the last colon; brackets around the host are accepted.
    ///
    /// # Errors
    /// A sentence that names the broken rule.
    pub fn parse(transport: Transport, text: &[u8]) -> Result<Self, String> {
        let word = transport.name();
        let shape = || format!("{} is no HOST:PORT of {word}", quoted(text));
        let readable = std::str::from_utf8(text).map_err(|_| shape())?;
        let (host, port) = readable.rsplit_once(':').ok_or_else(shape)?;
        let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        let port = digits.then(|| port.parse().ok()).flatten().filter(|port| *port != 0);
        let port = port.ok_or_else(|| format!("{}: a port is 1 to 65535", shape()))?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let host = match bare {
            "localhost" => Host::Localhost,
            number => Host::Number(number.parse().map_err(|_| {
                format!("{}: HOST is a number of IPv4 or IPv6, or localhost", shape())
            })?),
        };
        Ok(Self { transport, host, port })
    }
}

impl Display for InetAddress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, port) = (self.transport.name(), self.port);
        match self.host {
            Host::Number(number) => write!(out, "{word}:{number}:{port}"),
            Host::Localhost => write!(out, "{word}:localhost:{port}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_port_follows_the_last_colon_and_brackets_are_accepted() {
        for (text, printed) in [
            ("127.0.0.1:80", "tcp:127.0.0.1:80"),
            ("::1:80", "tcp:::1:80"),
            ("[::1]:80", "tcp:::1:80"),
            (":::80", "tcp::::80"),
            ("localhost:65535", "tcp:localhost:65535"),
            ("::ffff:127.0.0.1:1", "tcp:::ffff:127.0.0.1:1"),
        ] {
            let read = InetAddress::parse(Transport::Tcp, text.as_bytes()).unwrap();
            assert_eq!(read.to_string(), printed, "{text}");
        }
    }

    #[test]
    fn what_is_no_host_and_port_is_refused() {
        for text in [
            "",
            "80",
            ":80",
            "::1",
            "127.1:80",
            "host:80",
            "127.0.0.1:",
            "127.0.0.1:0",
            "::1:65536",
            "::1:+1",
            "[::1:80",
        ] {
            assert!(InetAddress::parse(Transport::Udp, text.as_bytes()).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_again(bits: u128, four: bool, port in 1..=u16::MAX) {
            let number = if four { IpAddr::from((bits as u32).to_be_bytes()) } else { IpAddr::from(bits.to_be_bytes()) };
            let one = InetAddress { transport: Transport::Tcp, host: Host::Number(number), port };
            let printed = one.to_string();
            prop_assert_eq!(InetAddress::parse(Transport::Tcp, &printed.as_bytes()[4..]), Ok(one));
        }
    }
}
