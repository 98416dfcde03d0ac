//! The parameters of RSASSA-PSS (RFC 4055 section 3.1), of a signature and of a key that is bound to them.

use crate::certificate::key::KeyInfo;
use crate::certificate::oid;
use crate::certificate::signature::HashAlgorithm;
use crate::certificate::tlv::{Cursor, DecodeError, Tlv, tag};

/// What is taken of RSASSA-PSS-params: the mask is of the same hash, and the trailer the one that there is.
#[derive(Debug, Clone, Copy)]
pub(super) struct PssParameters {
    pub(super) hash: HashAlgorithm,
    /// The length of the salt; of a key, the least.
    pub(super) salt: u64,
}

impl PssParameters {
    /// Of a signature, which must have them (RFC 4055 section 3.1).
    pub(super) fn of_signature(parameters: Option<Tlv<'_>>) -> Result<Self, String> {
        match parameters {
            Some(parameters) if parameters.tag != 0x05 => Self::read(parameters),
            _ => Err("RSASSA-PSS without parameters".to_owned()),
        }
    }

    /// Of a key that is bound to them.
    pub(super) fn of_key(info: &KeyInfo<'_>) -> Result<Option<Self>, String> {
        info.real_parameters().map(Self::read).transpose()
    }

    fn read(parameters: Tlv<'_>) -> Result<Self, String> {
        let (hash, mask, salt) =
            fields(parameters).map_err(|error| format!("RSASSA-PSS with parameters that cannot be read ({error})"))?;
        if mask != hash {
            return Err(format!("RSASSA-PSS with {} and a mask of {}", hash.name(), mask.name()));
        }
        Ok(Self { hash, salt })
    }
}

/// The hash, the mask's hash, and the length of the salt, each with its default.
fn fields(parameters: Tlv<'_>) -> Result<(HashAlgorithm, HashAlgorithm, u64), DecodeError> {
    if parameters.tag != tag::SEQUENCE {
        return Err(parameters.error("RSASSA-PSS-params (SEQUENCE)"));
    }
    let mut fields = parameters.children();
    let (mut hash, mut mask, mut salt) = (HashAlgorithm::Sha1, HashAlgorithm::Sha1, 20);
    if let Some(field) = fields.optional(tag::context_constructed(0))? {
        hash = hash_identifier(field.children())?;
    }
    if let Some(field) = fields.optional(tag::context_constructed(1))? {
        let mut algorithm = field.children().expect(tag::SEQUENCE, "a mask generation function")?.children();
        let function = algorithm.expect(tag::OID, "a mask generation function")?;
        if function.value != oid::MGF1 {
            return Err(function.error("MGF1"));
        }
        mask = hash_identifier(algorithm)?;
    }
    if let Some(field) = fields.optional(tag::context_constructed(2))? {
        let length = field.children().expect(tag::INTEGER, "a salt length")?;
        salt = length.unsigned().ok_or_else(|| length.error("a salt length"))?;
    }
    if let Some(field) = fields.optional(tag::context_constructed(3))? {
        let trailer = field.children().expect(tag::INTEGER, "a trailer field")?;
        if trailer.unsigned() != Some(1) {
            return Err(trailer.error("the trailer field 1"));
        }
    }
    fields.finish()?;
    Ok((hash, mask, salt))
}

fn hash_identifier(mut cursor: Cursor<'_>) -> Result<HashAlgorithm, DecodeError> {
    let identifier = cursor.expect(tag::SEQUENCE, "a hash algorithm (SEQUENCE)")?;
    let oid = identifier.children().expect(tag::OID, "a hash algorithm (OBJECT IDENTIFIER)")?;
    Ok(match oid.value {
        o if o == oid::SHA1 => HashAlgorithm::Sha1,
        o if o == oid::SHA224 => HashAlgorithm::Sha224,
        o if o == oid::SHA256 => HashAlgorithm::Sha256,
        o if o == oid::SHA384 => HashAlgorithm::Sha384,
        o if o == oid::SHA512 => HashAlgorithm::Sha512,
        _ => return Err(oid.error("SHA-1, SHA-224, SHA-256, SHA-384 or SHA-512")),
    })
}
