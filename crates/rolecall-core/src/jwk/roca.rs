//! RSA keys that a faulty library of Infineon's chips made (CVE-2017-15361, "ROCA"): whoever sees such a public key can
//! work out the private one, and its size does not show it.
//!
//! Both primes of such a key have the form *k M* + (65537^*a* mod *M*), *M* being the product of the first 39 primes (or
//! of more, for longer keys, and then of these too). So the modulus is a power of 65537 modulo *M*, which one random
//! number in 2^154 is. Source: Nemec, Sys, Svenda, Klinec, Matyas, "The Return of Coppersmith's Attack", ACM CCS 2017,
//! sections 2.1 and 2.2.

/// The first 39 primes.
const PRIMES: [u32; 39] = [
    2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109,
    113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

/// The base of the powers.
const GENERATOR: u32 = 65537;

/// Whether the modulus (big endian) is a power of 65537 modulo the product of [`PRIMES`].
///
/// Worked out modulo each prime, where it is a matter of trying: the exponent is then known modulo the order of 65537
/// there. The exponents belong to one number if each two of them agree modulo what their orders have in common (the
/// Chinese remainder theorem for moduli that share factors).
pub(super) fn is_weak(modulus: &[u8]) -> bool {
    let mut exponents: Vec<Exponent> = Vec::with_capacity(PRIMES.len());
    for prime in PRIMES {
        let Some(exponent) = Exponent::of(remainder(modulus, prime), prime) else { return false };
        if !exponents.iter().all(|other| other.agrees(&exponent)) {
            return false;
        }
        exponents.push(exponent);
    }
    true
}

/// An exponent of 65537 as far as one prime shows it.
struct Exponent {
    value: u32,
    /// The order of 65537 modulo the prime: any exponent that is larger by this has the same power.
    order: u32,
}

impl Exponent {
    /// The exponent whose power is `wanted` modulo `prime`; none if there is none.
    fn of(wanted: u32, prime: u32) -> Option<Self> {
        let (mut value, mut power, mut order) = (None, 1, 0);
        loop {
            if power == wanted {
                value = value.or(Some(order));
            }
            power = power * (GENERATOR % prime) % prime;
            order += 1;
            if power == 1 {
                return value.map(|value| Self { value, order });
            }
        }
    }

    fn agrees(&self, other: &Self) -> bool {
        let common = greatest_common_divisor(self.order, other.order);
        self.value % common == other.value % common
    }
}

fn remainder(number: &[u8], prime: u32) -> u32 {
    number.iter().fold(0, |rest, byte| (rest << 8 | u32::from(*byte)) % prime)
}

fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}
