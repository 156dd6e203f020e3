//! What verbs say of messages that were taken and not delivered: that they are back, or where they are.

use super::context::Context;
use crate::endpoint::frame::Frame;
use crate::endpoint::rescue::{Rescued, Saved};
use crate::model::{Address, Class, Encoded, Fault, Mark};

/// Says it of messages that came from this address.
pub fn tell(rescued: &Rescued, address: &Address, cx: &mut Context) {
    match rescued.back {
        0 => {}
        1 => cx.warn("1 message that was taken is put back"),
        back => cx.warn(&format!("{back} messages that were taken are put back")),
    }
    if let Some(saved) = &rescued.saved {
        tell_place(saved, address, cx);
    }
}

/// Says where the messages are that could not go back. This is no talk that --quiet could silence.
pub fn tell_place(saved: &Saved, address: &Address, cx: &mut Context) {
    let what = match saved.messages {
        Some(1) => "1 message".into(),
        Some(messages) => format!("{messages} messages"),
        None => "what was taken and not delivered".into(),
    };
    let frame = if saved.messages.is_some() { " --frame json" } else { "" };
    let fault = match &saved.place {
        Ok(path) => {
            let path = Encoded(path.as_os_str().as_encoded_bytes()).to_string();
            let cause = format!("cannot put back {what}: {}; saved in {path}", saved.cause);
            Fault::new(Class::Failed, cause)
                .hint(format!("send it again: ipcctl send {}{frame} < {path}", address))
        }
        Err(bytes) => {
            let mut text = Vec::new();
            match saved.messages {
                Some(_) => text.clone_from(bytes),
                None => Frame::Json.write(bytes, Mark::None, &mut text),
            }
            let text = String::from_utf8_lossy(&text);
            let cause =
                format!("cannot put back or save {what}: {}; here it is:\n{text}", saved.cause);
            Fault::new(Class::Failed, cause)
        }
    };
    cx.complain(&fault);
}
