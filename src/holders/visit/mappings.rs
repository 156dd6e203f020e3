//! What a process has mapped: files, segments, and memory in which its threads wait.

use std::io;

use super::{ProcessScan, Scan, show};
use crate::holders::maps;
use crate::model::{
    Access, FileClass, FileFacts, FileId, How, IpcNamespace, Showing, ShownAs, Subject,
};
use crate::sys::procmap::Mapping;

impl ProcessScan<'_> {
    pub(super) fn mappings(&mut self, visitor: &mut Scan) {
        // All threads share their memory. When the main one has ended, only the others can be asked for it.
        match self.mappings_of("", visitor) {
            Ok(true) => return,
            _ if self.is_headless() => {}
            Ok(false) => return,
            Err(error) => return self.note_mappings(&error),
        }
        for thread in self.threads.clone() {
            match self.mappings_of(&format!("task/{thread}/"), visitor) {
                Ok(true) => return,
                Ok(false) => {}
                Err(error) => self.note_mappings(&error),
            }
        }
    }

    /// Returns true if there was any mapping.
    fn mappings_of(&mut self, directory: &str, visitor: &mut Scan) -> io::Result<bool> {
        let (ground, pid) = (self.ground, self.process.pid);
        let questions = &ground.questions;
        let is_mapped = |class: &FileClass| class.sources.mappings || class.sources.shared;
        let is_shown = |class: &FileClass| is_mapped(class) || class.sources.words;
        let has_classes = questions.classes.iter().any(|class| is_shown(class));
        let mut waited = Vec::new();
        let (mut any, mut files, mut segments) = (false, Vec::new(), Vec::new());
        let Scan { source, showings, .. } = visitor;
        maps::visit(self.process, directory, ground.which, source, &mut |mapping, is_segment| {
            any = true;
            let file = FileId { device: mapping.device, inode: mapping.inode };
            // A System V segment is no file: another namespace, or a memfd, can show the same device and inode.
            let ways = questions.ways(&Subject::File(file));
            let id = u32::try_from(mapping.inode).ok().filter(|id| questions.has_segment(*id));
            let wanted = id.is_some() || ways.is_some() || has_classes;
            if wanted && ground.could_be_segment(mapping) && is_segment() {
                let access = Access::new(mapping.read, mapping.write);
                segments.extend(id.map(|id| (id, access)));
                if questions.waits_on_words(&mapped(mapping, file)) {
                    waited.push((*mapping, true));
                }
                return;
            }
            let facts = mapped(mapping, file);
            if mapping.shared && questions.waits_on_words(&facts) {
                waited.push((*mapping, false));
            }
            let mut known = false;
            for class in
                questions.classes_of(&facts, |class| class.sources.mappings || class.sources.shared)
            {
                known = true;
                let place = ShownAs::Mapping(mapping.start, mapping.end);
                show(showings, class, facts, Showing { pid, place });
            }
            if ways.is_some() || known {
                files.push((*mapping, file, ways.is_some_and(|ways| ways.words)));
            }
        })?;
        self.waited.append(&mut waited);
        for (mapping, file, has_words) in files {
            if has_words {
                self.words.push((mapping.start, mapping.end, file));
            }
            let how = if mapping.shared {
                How::Mapped(Access::new(mapping.read, mapping.write))
            } else {
                How::MappedPrivately
            };
            self.found.push((Subject::File(file), how, None));
        }
        if !segments.is_empty() && self.is_in_our_namespace() {
            let subject = |id| Subject::Segment(IpcNamespace::OWN, id);
            let found = segments.into_iter();
            self.found.extend(found.map(|(id, how)| (subject(id), How::Attached(how), None)));
        }
        Ok(any)
    }
}

/// What a mapping shows of a file.
pub(super) fn mapped(mapping: &Mapping, file: FileId) -> FileFacts {
    FileFacts {
        file,
        mode: None,
        links: None,
        shared: mapping.shared,
        writable: mapping.write,
        details: None,
    }
}
