//! DSA (FIPS 186-4 section 4), which CAs of the nineties had and PKITS has.

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, Odd};

use crate::certificate::key::KeyInfo;
use crate::certificate::signature::rare::positive;
use crate::certificate::tlv::{Tlv, tag};

/// The sizes of the prime: what was ever in use, and what bounds the cost of one signature.
const PRIME_BITS: std::ops::RangeInclusive<u32> = 1024..=3072;
/// The sizes of the subgroup's order that the standard has.
const ORDER_BITS: [u32; 3] = [160, 224, 256];

/// A public key with its parameters.
pub(super) struct DsaKey {
    order: Odd<BoxedUint>,
    order_bits: u32,
    generator: BoxedMontyForm,
    public: BoxedMontyForm,
}

impl DsaKey {
    /// Dss-Parms and DSAPublicKey (RFC 3279 section 2.3.2), where the numbers can be what they are said to be.
    pub(super) fn read(info: &KeyInfo<'_>) -> Option<Self> {
        let mut parameters = info.real_parameters().filter(|found| found.tag == tag::SEQUENCE)?.children();
        let (prime, order) = (positive(&mut parameters)?, positive(&mut parameters)?);
        let generator = positive(&mut parameters)?;
        parameters.finish().ok()?;
        let mut key = crate::certificate::tlv::Cursor::new(info.key);
        let public = positive(&mut key)?;
        key.finish().ok()?;

        let (prime_bits, order_bits) = (bits(prime)?, bits(order)?);
        if !PRIME_BITS.contains(&prime_bits) || !ORDER_BITS.contains(&order_bits) {
            return None;
        }
        let prime = Odd::new(BoxedUint::from_be_slice(prime, prime_bits).ok()?).into_option()?;
        let order = Odd::new(BoxedUint::from_be_slice(order, order_bits).ok()?).into_option()?;
        let one = BoxedUint::one_with_precision(prime_bits);
        let member = |number: &[u8]| {
            let number = BoxedUint::from_be_slice(number, prime_bits).ok()?;
            (number > one && number < *prime).then_some(number)
        };
        let (generator, public) = (member(generator)?, member(public)?);
        let modulus = BoxedMontyParams::new_vartime(prime);
        Some(Self {
            order,
            order_bits,
            generator: BoxedMontyForm::new(generator, &modulus),
            public: BoxedMontyForm::new(public, &modulus),
        })
    }

    /// FIPS 186-4 section 4.7, over Dss-Sig-Value (RFC 3279 section 2.2.2).
    pub(super) fn verifies(&self, digest: &[u8], signature: &[u8]) -> bool {
        self.recovered(digest, signature).is_some_and(|(wanted, found)| wanted == found)
    }

    /// The r of the signature, and what it must be.
    fn recovered(&self, digest: &[u8], signature: &[u8]) -> Option<(BoxedUint, BoxedUint)> {
        let sequence = Tlv::only_of(signature, tag::SEQUENCE, "a Dss-Sig-Value").ok()?;
        let mut fields = sequence.children();
        let (r, s) = (self.scalar(positive(&mut fields)?)?, self.scalar(positive(&mut fields)?)?);
        fields.finish().ok()?;
        // All lengths are below 128, so DER has one byte for each.
        if sequence.raw.len() != sequence.value.len() + 2 {
            return None;
        }
        let order = self.order.as_nz_ref();
        let leftmost = &digest[..digest.len().min(self.order_bits as usize / 8)];
        let z = BoxedUint::from_be_slice(leftmost, self.order_bits).ok()?;
        let w = s.invert_odd_mod_vartime(&self.order).into_option()?;
        let (u1, u2) = (z.mul_mod(&w, order), r.mul_mod(&w, order));
        let powers =
            self.generator.pow_bounded_exp(&u1, self.order_bits) * self.public.pow_bounded_exp(&u2, self.order_bits);
        Some((r, powers.retrieve().rem(order)))
    }

    fn scalar(&self, number: &[u8]) -> Option<BoxedUint> {
        let number = BoxedUint::from_be_slice(number, self.order_bits).ok()?;
        (number < *self.order).then_some(number)
    }
}

/// The size of a number without leading zeros.
fn bits(number: &[u8]) -> Option<u32> {
    let first = number.first()?;
    Some(u32::try_from(number.len()).ok()?.checked_mul(8)? - first.leading_zeros())
}
