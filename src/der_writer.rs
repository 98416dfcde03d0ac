//! Writes DER: for tests, fuzz targets and benchmarks, and of the library itself two things alone, a DSA key with the parameters that
//! it has from the CA above, and the name of a distribution point that is told relative to its issuer's.

/// One element: tag, length, content.
pub(crate) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = (content.len() as u32).to_be_bytes();
    let mut out = vec![tag];
    match content.len() {
        0..=0x7f => out.push(length[3]),
        0x80..=0xff => out.extend([0x81, length[3]]),
        0x100..=0xffff => out.extend([0x82, length[2], length[3]]),
        0x1_0000..=0xff_ffff => out.extend([0x83, length[1], length[2], length[3]]),
        _ => out.extend([0x84, length[0], length[1], length[2], length[3]]),
    }
    out.extend_from_slice(content);
    out
}

/// One element whose content is given in parts.
pub(crate) fn element_of(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    element(tag, &parts.concat())
}

/// A SEQUENCE of encoded elements.
pub(crate) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    element_of(0x30, parts)
}
