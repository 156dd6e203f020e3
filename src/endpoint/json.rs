//! One message as one JSON object on a line: `{"priority":5,"data":"text"}`. Bytes that are not UTF-8 stand in
//! `data_base64`.

use std::borrow::Cow;
use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::model::Mark;

/// A byte of a message takes at most so many on a line: `\u0000`.
pub(super) const GROWTH: usize = 6;
/// The rest of the object, with some white space.
pub(super) const OVERHEAD: usize = 256;

/// Adds the object and its newline.
pub(super) fn write(message: &[u8], mark: Mark, out: &mut Vec<u8>) {
    out.push(b'{');
    if let Some((name, value)) = mark.parts() {
        // Writing to memory does not fail, here and below.
        let _ = write!(out, "\"{name}\":{value},");
    }
    match std::str::from_utf8(message) {
        Ok(text) => {
            out.extend_from_slice(b"\"data\":");
            let _ = serde_json::to_writer(&mut *out, text);
        }
        Err(_) => {
            out.extend_from_slice(b"\"data_base64\":\"");
            let _ = base64::write::EncoderWriter::new(&mut *out, &STANDARD).write_all(message);
            out.push(b'"');
        }
    }
    out.extend_from_slice(b"}\n");
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonMessage<'a> {
    priority: Option<u32>,
    #[serde(rename = "type")]
    kind: Option<i64>,
    #[serde(borrow)]
    data: Option<Cow<'a, str>>,
    #[serde(borrow)]
    data_base64: Option<Cow<'a, str>>,
}

/// Adds the bytes of a message to `bytes`, and gives its mark.
pub(super) fn read(line: &[u8], bytes: &mut Vec<u8>) -> Result<Mark, String> {
    let object: JsonMessage = serde_json::from_slice(line).map_err(|error| reason(&error))?;
    match (&object.data, &object.data_base64) {
        (Some(text), None) => bytes.extend_from_slice(text.as_bytes()),
        (None, Some(text)) => STANDARD
            .decode_vec(text.as_bytes(), bytes)
            .map_err(|_| "data_base64 is not base64".to_owned())?,
        (Some(_), Some(_)) => return Err("it has both data and data_base64".into()),
        (None, None) => return Err("it has neither data nor data_base64".into()),
    }
    match (object.priority, object.kind) {
        (None, None) => Ok(Mark::None),
        (Some(priority), None) => Ok(Mark::Priority(priority)),
        (None, Some(kind)) => Ok(Mark::Type(kind)),
        (Some(_), Some(_)) => Err("it has both priority and type".into()),
    }
}

/// What serde says, without the place on the line, and safe to print: it repeats keys.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or(&text);
    text.chars().take(200).map(|c| if c.is_control() { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(message: &[u8], mark: Mark) -> String {
        let mut out = Vec::new();
        write(message, mark, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_message_is_one_object_on_one_line() {
        assert_eq!(written(b"a\nb", Mark::Priority(5)), "{\"priority\":5,\"data\":\"a\\nb\"}\n");
        assert_eq!(written(b"", Mark::None), "{\"data\":\"\"}\n");
        assert_eq!(written(b"\xff\0", Mark::Type(2)), "{\"type\":2,\"data_base64\":\"/wA=\"}\n");
    }

    #[test]
    fn what_is_no_message_is_refused_in_a_sentence() {
        for line in [
            "",
            "[]",
            "7",
            "{}",
            r#"{"data":1}"#,
            r#"{"data":"a","data_base64":"YQ=="}"#,
            r#"{"data":"a","priority":1,"type":1}"#,
            r#"{"data":"a","prioirty":1}"#,
            r#"{"data":"a","priority":-1}"#,
            r#"{"data_base64":"*"}"#,
            "{\"data\":\"a\",\"\\u001b[2J\":1}",
            "\"\u{7f}",
        ] {
            let reason = read(line.as_bytes(), &mut Vec::new()).unwrap_err();
            assert!(!reason.is_empty() && !reason.chars().any(char::is_control), "{line} {reason}");
        }
    }
}
