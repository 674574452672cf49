//! The group in which SRP calculates: the 3072-bit prime of RFC 3526, section 5, with generator 2.

use std::sync::LazyLock;

use crypto_bigint::modular::ConstMontyForm;
use crypto_bigint::{CtAssign, CtEq, U256, U3072, const_monty_params};

/// Bytes of an element.
pub(super) const ELEMENT_LEN: usize = 384;

const_monty_params!(
    Prime,
    U3072,
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD\
    EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED\
    EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F\
    83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B\
    E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510\
    15728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7\
    ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C\
    BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF",
    "The prime of RFC 3526, section 5."
);

/// An integer modulo the prime, in Montgomery form.
pub(super) type Element = ConstMontyForm<Prime, { U3072::LIMBS }>;

/// The window of the fixed-base powers, in bits.
const WINDOW: usize = 4;
const WINDOWS: usize = 256 / WINDOW;
const POWERS: usize = 1 << WINDOW;

/// `2^(digit · 16^window)` for every window and digit: with them a power of the generator takes 64 multiplications
/// rather than 256 squarings besides. 400 KiB, made at the first use.
static GENERATOR_POWERS: LazyLock<Vec<[Element; POWERS]>> = LazyLock::new(|| {
    let mut base = Element::new(&U3072::from(2_u32));
    (0..WINDOWS)
        .map(|_| {
            let mut power = Element::ONE;
            let row = std::array::from_fn(|_| {
                let this = power;
                power = power.mul(&base);
                this
            });
            base = power;
            row
        })
        .collect()
});

/// The element that these bytes, most significant first, stand for; reduced where they are not less than the prime.
pub(super) fn element(bytes: &[u8; ELEMENT_LEN]) -> Element {
    Element::new(&U3072::from_be_slice(bytes))
}

/// The bytes of an element, most significant first.
pub(super) fn to_bytes(element: &Element) -> [u8; ELEMENT_LEN] {
    let mut bytes = [0; ELEMENT_LEN];
    bytes.copy_from_slice(element.retrieve().to_be_bytes().as_ref());
    bytes
}

/// `2^exponent`, in a time that does not depend on the exponent.
pub(super) fn power_of_generator(exponent: &[u8; 32]) -> Element {
    let mut product = Element::ONE;
    let digits = exponent.iter().rev().flat_map(|byte| [byte & 0x0f, byte >> WINDOW]);
    for (row, digit) in GENERATOR_POWERS.iter().zip(digits) {
        let mut factor = *Element::ONE.as_montgomery();
        for (value, power) in (0_u8..).zip(row) {
            factor.ct_assign(power.as_montgomery(), value.ct_eq(&digit));
        }
        product = product.mul(&Element::from_montgomery(factor));
    }
    product
}

/// `base^exponent`, in a time that does not depend on either.
pub(super) fn power(base: &Element, exponent: &[u8; 32]) -> Element {
    base.pow(&U256::from_be_slice(exponent))
}

/// The same where the exponent is no secret.
pub(super) fn power_public(base: &Element, exponent: &[u8; 32]) -> Element {
    base.pow_vartime(&U256::from_be_slice(exponent))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_prime_is_followed_by_zero() {
        let mut bytes = to_bytes(&Element::ZERO.sub(&Element::ONE));
        assert_eq!(bytes[..8], [0xff; 8]);
        bytes[ELEMENT_LEN - 1] += 1;
        assert_eq!(element(&bytes), Element::ZERO, "the prime itself is reduced");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]
        #[test]
        fn the_three_ways_to_a_power_agree(exponent: [u8; 32]) {
            let two = Element::new(&U3072::from(2_u32));
            prop_assert_eq!(power_of_generator(&exponent), power(&two, &exponent));
            prop_assert_eq!(power_public(&two, &exponent), power(&two, &exponent));
        }
    }
}
