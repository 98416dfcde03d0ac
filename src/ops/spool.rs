//! What can be read only once, kept for the second look: the certificates alone, and where they are many in a temporary file without
//! a name.

use std::collections::HashMap;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex};

use tempfile::SpooledTempFile;

use crate::certificate::Certificate;
use crate::source::{Format, Occurrence, Position, Properties};

/// How much there is before a file is made of it: more than is looked at without a second reading, so that only who needs a file has to
/// have a place for one.
const IN_MEMORY: usize = 24 << 20;

/// Certificates read back at a time.
const WINDOW: usize = 4096;

/// Certificates of standard input and of pipes. No private key ever comes here.
#[derive(Default)]
pub(crate) struct Spool {
    file: Option<Mutex<BufWriter<SpooledTempFile>>>,
    names: Vec<Arc<str>>,
    /// What few places say beside the certificate, by the number of the certificate.
    properties: HashMap<u64, Box<Properties>>,
    count: u64,
}

impl Spool {
    pub(crate) fn add(&mut self, certificate: &Certificate, occurrence: &Occurrence) -> io::Result<()> {
        if self.file.is_none() {
            self.file = Some(Mutex::new(BufWriter::with_capacity(1 << 16, SpooledTempFile::new(IN_MEMORY))));
        }
        let name = match self.names.iter().rposition(|name| *name == occurrence.source) {
            Some(index) => index,
            None => {
                self.names.push(occurrence.source.clone());
                self.names.len() - 1
            }
        };
        if let Some(properties) = &occurrence.properties {
            self.properties.insert(self.count, properties.clone());
        }
        let (kind, position) = match occurrence.position {
            Position::Whole => (0u64, 0),
            Position::Line(line) => (1, line),
            Position::Byte(byte) => (2, byte),
        };
        let der = certificate.der();
        let numbers = [name as u64, occurrence.format as u64, occurrence.index, kind, position, der.len() as u64];
        if let Some(file) = self.file.as_mut().and_then(|file| file.get_mut().ok()) {
            for number in numbers {
                file.write_all(&number.to_le_bytes())?;
            }
            file.write_all(der)?;
        }
        self.count += 1;
        Ok(())
    }

    /// Reads everything back, so many at a time.
    pub(crate) fn for_each(&self, mut each: impl FnMut(Vec<(Arc<Certificate>, Occurrence)>)) -> io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let mut writer = file.lock().map_err(|_| io::Error::other("the temporary file is not in order"))?;
        writer.flush()?;
        let file = writer.get_mut();
        file.seek(SeekFrom::Start(0))?;
        let mut reader = BufReader::with_capacity(1 << 16, file);
        let mut window = Vec::with_capacity(WINDOW);
        for number in 0..self.count {
            window.push(self.read_one(&mut reader, number)?);
            if window.len() == WINDOW {
                each(std::mem::take(&mut window));
            }
        }
        each(window);
        Ok(())
    }

    fn read_one(&self, reader: &mut impl Read, number: u64) -> io::Result<(Arc<Certificate>, Occurrence)> {
        let mut next = || -> io::Result<u64> {
            let mut bytes = [0; 8];
            reader.read_exact(&mut bytes)?;
            Ok(u64::from_le_bytes(bytes))
        };
        let (name, format, index, kind, position, length) = (next()?, next()?, next()?, next()?, next()?, next()?);
        let changed = || io::Error::other("the temporary file was changed by someone else");
        let mut der = vec![0; usize::try_from(length).map_err(|_| changed())?];
        reader.read_exact(&mut der)?;
        let certificate = Certificate::from_vec(der).map_err(|_| changed())?;
        let occurrence = Occurrence {
            source: self.names.get(usize::try_from(name).unwrap_or(usize::MAX)).ok_or_else(changed)?.clone(),
            format: Format::ALL.into_iter().find(|one| *one as u64 == format).ok_or_else(changed)?,
            index,
            position: match kind {
                1 => Position::Line(position),
                2 => Position::Byte(position),
                _ => Position::Whole,
            },
            properties: self.properties.get(&number).cloned(),
        };
        Ok((Arc::new(certificate), occurrence))
    }
}
