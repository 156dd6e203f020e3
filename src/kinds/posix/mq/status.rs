//! The text that reading a queue gives: `QSIZE:129 NOTIFY:2 SIGNO:0 NOTIFY_PID:8260`. `mq_overview(7)`.

/// What it says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct QueueStatus {
    /// Bytes of all messages: QSIZE counts bytes, not messages.
    pub(super) bytes: u64,
    /// How the registered process is told, if there is one.
    pub(super) notify: Option<&'static str>,
    /// The signal it gets.
    pub(super) signal: Option<u32>,
    /// The registered process; 0 without one, and for one that this pid namespace cannot see.
    pub(super) pid: i32,
}

impl QueueStatus {
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let field = |name: &str| {
            text.split_ascii_whitespace()
                .find_map(|word| word.strip_prefix(name)?.strip_prefix(':'))
        };
        let pid = field("NOTIFY_PID")?.parse().ok()?;
        let signal = field("SIGNO")?.parse().ok()?;
        // NOTIFY is 0 both for a signal and for nobody; only with a process does it mean anything.
        let notify = match field("NOTIFY")? {
            _ if pid == 0 => None,
            "0" => Some("signal"),
            "1" => Some("none"),
            "2" => Some("thread"),
            _ => return None,
        };
        Some(Self {
            bytes: field("QSIZE")?.parse().ok()?,
            notify,
            signal: (notify == Some("signal")).then_some(signal),
            pid,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn notify_means_nothing_without_a_process() {
        let idle =
            QueueStatus::parse(b"QSIZE:7          NOTIFY:0     SIGNO:0     NOTIFY_PID:0     \n")
                .unwrap();
        assert_eq!(idle, QueueStatus { bytes: 7, notify: None, signal: None, pid: 0 });
        let told = QueueStatus::parse(b"QSIZE:0 NOTIFY:0 SIGNO:10 NOTIFY_PID:42").unwrap();
        assert_eq!(
            told,
            QueueStatus { bytes: 0, notify: Some("signal"), signal: Some(10), pid: 42 }
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_status_or_none(bytes: Vec<u8>) {
            let _ = QueueStatus::parse(&bytes);
        }

        #[test]
        fn every_status_comes_back(size: u64, notify in 0..3u32, signal in 0..64u32, pid in 1..i32::MAX) {
            let text = format!("QSIZE:{size:<10} NOTIFY:{notify:<5} SIGNO:{signal:<5} NOTIFY_PID:{pid:<6}\n");
            let status = QueueStatus::parse(text.as_bytes()).unwrap();
            prop_assert_eq!((status.bytes, status.pid), (size, pid));
        }
    }
}
