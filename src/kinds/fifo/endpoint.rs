//! The ends of a FIFO. Who opens one end waits for who opens the other: `fifo(7)`.
//!
//! The reading end is opened without waiting and polled, the writing end is opened as any writer would, with a
//! timer to interrupt it: each of them is what its peer waits for, and neither pretends to be the other one.

use std::os::fd::AsFd;

use nix::fcntl::OFlag;

use super::packets::Packets;
use super::reader::Reader;
use super::writer::Writer;
use super::{Fifo, check_direction, existing};
use crate::kinds::borrowed::{Copied, content_of};
use crate::kinds::capability::{EndpointSide, Incoming, Messages, Outgoing, Query};
use crate::kinds::file::id;
use crate::model::{Fault, Form, Locator, Param, Settings};
use crate::sys::file;

static PACKET: Param = Param {
    name: "packet",
    metavar: "",
    help: "Packets of up to 4096 bytes (O_DIRECT)",
    form: Form::Flag,
};

static FORCE: Param = Param {
    name: "force",
    metavar: "",
    help: "Do not wait for other senders of long messages",
    form: Form::Flag,
};

impl Messages for Fifo {
    fn params(&self, end: EndpointSide) -> &'static [&'static Param] {
        static PACKETS: &[&Param] = &[&PACKET];
        static SEND: &[&Param] = &[&PACKET, &FORCE];
        match end {
            EndpointSide::Send => SEND,
            EndpointSide::Receive => PACKETS,
            EndpointSide::Peek => &[],
        }
    }

    fn takes_back(&self) -> bool {
        false
    }

    fn sender(&self, _: &Query, locator: &Locator, settings: &Settings) -> Result<Outgoing, Fault> {
        let (handle, _) = existing(locator)?;
        check_direction(locator, true)?;
        let packets = settings.given(&PACKET);
        let writer = Writer::new(handle, packets, settings.given(&FORCE));
        Ok(if packets {
            Outgoing::Messages(Box::new(writer))
        } else {
            Outgoing::Bytes(Box::new(writer))
        })
    }

    fn receiver(
        &self,
        _look: &Query,
        locator: &Locator,
        settings: &Settings,
    ) -> Result<Incoming, Fault> {
        let (handle, _) = existing(locator)?;
        check_direction(locator, false)?;
        let reader = Reader::new(file::reopen(handle.as_fd(), OFlag::O_RDONLY)?);
        Ok(if settings.given(&PACKET) {
            Incoming::Messages(Box::new(Packets::new(reader)))
        } else {
            Incoming::Bytes(Box::new(reader))
        })
    }

    fn copy(&self, look: &Query, locator: &Locator, _: &Settings) -> Result<Incoming, Fault> {
        let (_, stat) = existing(locator)?;
        let copy = content_of(id(&stat), &look.processes.found(&super::FIFOS))?;
        Ok(Incoming::Bytes(Box::new(Copied(copy))))
    }
}
