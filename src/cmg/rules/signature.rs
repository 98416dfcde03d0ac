//! The hash and the format of the signature; whether it holds is the path's matter.

use crate::certificate::tlv::{Tlv, tag};
use crate::certificate::{Certificate, HashAlgorithm, oid};
use crate::cmg::catalogue::signature_hash;
use crate::cmg::finding::Finding;
use crate::cmg::rules::{Looked, Part, RuleContext};

/// SHA-2 below the root; a root's own signature decides nothing.
pub(super) fn hash(looked: &Looked<'_>, _: &RuleContext<'_>, found: &mut Vec<Finding>) {
    const EXPECTED: &str = "SHA-256 or SHA-512";
    let algorithm = looked.certificate.signature_algorithm();
    let weak = algorithm.hash().filter(|hash| *hash <= HashAlgorithm::Sha1);
    match weak {
        Some(hash) if looked.part == Part::Root => {
            let message = format!("the root's own signature uses {}; a root is trusted without it", hash.name());
            found.push(Finding::new(&signature_hash::ROOT, message).expected(EXPECTED).found(hash.name()));
        }
        Some(HashAlgorithm::Sha1) => {
            let message =
                "the signature uses SHA-1; certificates for Configuration Manager are to be signed with SHA-2";
            found.push(Finding::new(&signature_hash::SHA1, message).expected(EXPECTED).found("SHA-1"));
        }
        Some(hash) => {
            let message = format!("the signature uses {}, which can be forged", hash.name());
            found.push(Finding::new(&signature_hash::BROKEN, message).expected(EXPECTED).found(hash.name()));
        }
        None if looked.part != Part::Root && names(looked.certificate, &[oid::RSASSA_PSS]) => {
            let message = "the signature is RSASSA-PSS (the alternate signature format of AD CS), which Configuration \
                           Manager's pages do not speak of";
            found.push(Finding::new(&signature_hash::PSS, message).expected("RSA PKCS #1").found("RSASSA-PSS"));
        }
        None => {}
    }
    if looked.part != Part::Root && algorithm.hash() == Some(HashAlgorithm::Sha224) {
        let message = "the signature uses SHA-224, which Windows does not have, so that it may not be able to check it";
        found.push(Finding::new(&signature_hash::SHA224, message).expected(EXPECTED).found("SHA-224"));
    }
    if looked.part != Part::Root && algorithm.is_dsa() {
        let message = "the signature is DSA, which TLS does not take (RFC 8446 section 4.2.3)";
        found.push(Finding::new(&signature_hash::DSA, message).expected("RSA").found(algorithm.to_string()));
    }
    if looked.part != Part::Root && names(looked.certificate, EDDSA) {
        let message = format!("the signature is {algorithm}, which Windows does not have, so that it cannot check it");
        found.push(Finding::new(&signature_hash::EDDSA, message).expected("RSA").found(algorithm.to_string()));
    }
    if looked.part != Part::Root && names(looked.certificate, ML_DSA) {
        let message = format!("the signature is {algorithm}, which only new versions of Windows have");
        found.push(Finding::new(&signature_hash::ML_DSA, message).expected("RSA").found(algorithm.to_string()));
    }
}

const EDDSA: &[&[u8]] = &[oid::ED25519, oid::ED448];
const ML_DSA: &[&[u8]] = &[oid::ML_DSA_44, oid::ML_DSA_65, oid::ML_DSA_87];

/// Whether the signature is of one of these algorithms.
fn names(certificate: &Certificate, algorithms: &[&[u8]]) -> bool {
    let algorithm = certificate.signature_algorithm();
    let Ok(outer) = Tlv::only(algorithm.as_bytes()) else { return false };
    outer.children().expect(tag::OID, "an algorithm").is_ok_and(|kind| algorithms.contains(&kind.value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cmg::profile::ProfileName;
    use crate::cmg::rules::checks;
    use crate::cmg::testing::{Draft, element, sequence};

    fn found(algorithm: &[u8], part: Part) -> Vec<String> {
        let draft = if part == Part::EndEntity { Draft::client("pc1.contoso.com") } else { Draft::ca("CA") };
        checks::found(&draft.signed_with(algorithm).issued(), part, ProfileName::Client)
    }

    #[test]
    fn weak_hashes_are_found_at_client_and_intermediate() {
        for part in [Part::EndEntity, Part::Intermediate] {
            for algorithm in [oid::SHA1_WITH_RSA, oid::OIW_SHA1_WITH_RSA, oid::SHA1_WITH_ECDSA] {
                assert_eq!(found(algorithm, part), ["signature-hash/sha-1"]);
            }
            for algorithm in [oid::MD5_WITH_RSA, oid::MD2_WITH_RSA] {
                assert_eq!(found(algorithm, part), ["signature-hash/broken"]);
            }
            for algorithm in [oid::SHA256_WITH_RSA, oid::SHA384_WITH_RSA, oid::SHA512_WITH_RSA, oid::SHA256_WITH_ECDSA]
            {
                assert_eq!(found(algorithm, part), [""; 0]);
            }
        }
    }

    #[test]
    fn the_hash_of_a_roots_own_signature_is_information() {
        assert_eq!(found(oid::SHA1_WITH_RSA, Part::Root), ["signature-hash/root"]);
        assert_eq!(found(oid::MD5_WITH_RSA, Part::Root), ["signature-hash/root"]);
    }

    #[test]
    fn a_signature_with_dsa_is_found_but_for_a_roots_own() {
        assert_eq!(found(oid::SHA256_WITH_DSA, Part::EndEntity), ["signature-hash/dsa"]);
        assert_eq!(found(oid::SHA256_WITH_DSA, Part::Intermediate), ["signature-hash/dsa"]);
        assert_eq!(found(oid::SHA256_WITH_DSA, Part::Root), [""; 0]);
        assert_eq!(found(oid::SHA1_WITH_DSA, Part::EndEntity), ["signature-hash/sha-1", "signature-hash/dsa"]);
    }

    #[test]
    fn sha_224_which_windows_does_not_have_is_found_but_for_a_roots_own() {
        for algorithm in [oid::SHA224_WITH_RSA, oid::SHA224_WITH_ECDSA] {
            assert_eq!(found(algorithm, Part::EndEntity), ["signature-hash/sha-224"]);
            assert_eq!(found(algorithm, Part::Intermediate), ["signature-hash/sha-224"]);
            assert_eq!(found(algorithm, Part::Root), [""; 0]);
        }
        assert_eq!(found(oid::SHA224_WITH_DSA, Part::EndEntity), ["signature-hash/sha-224", "signature-hash/dsa"]);
    }

    #[test]
    fn eddsa_and_ml_dsa_which_not_every_windows_has_are_found_but_for_a_roots_own() {
        for (algorithms, expected) in [(EDDSA, "signature-hash/eddsa"), (ML_DSA, "signature-hash/ml-dsa")] {
            for algorithm in algorithms {
                assert_eq!(found(algorithm, Part::EndEntity), [expected]);
                assert_eq!(found(algorithm, Part::Intermediate), [expected]);
                assert_eq!(found(algorithm, Part::Root), [""; 0]);
            }
        }
    }

    #[test]
    fn the_alternate_signature_format_is_information() {
        let sha256 = sequence(&[element(6, oid::SHA256), element(5, &[])]);
        let parameters = sequence(&[element(0xa0, &sha256)]);
        let mut draft = Draft::client("pc1.contoso.com");
        draft.signature_algorithm = sequence(&[element(6, oid::RSASSA_PSS), parameters]);
        assert_eq!(checks::client(&draft.issued()), ["signature-hash/pss"]);
    }
}
