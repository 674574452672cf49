//! Users made up, as lines for `cognate import`: what its speed is measured with.

use std::io::{BufWriter, Write};

/// Writes so many users; the same ones every time. Their names and addresses come in no order, as in other systems.
pub fn write(count: u64) -> Result<(), String> {
    let mut out = BufWriter::with_capacity(1 << 20, std::io::stdout().lock());
    for number in 0..count {
        let line = line(number);
        out.write_all(line.as_bytes()).map_err(|e| e.to_string())?;
    }
    out.flush().map_err(|e| e.to_string())
}

fn line(number: u64) -> String {
    let mut dice = Dice(number);
    let (name, salt, tag) = (dice.letters(HANDLE, 12), dice.letters(BASE64, 22), dice.letters(BASE64, 43));
    // The last letters of base64 may carry few bits.
    let (salt, tag) = (format!("{}A", &salt[..21]), format!("{}A", &tag[..42]));
    let given = GIVEN[dice.below(GIVEN.len())];
    let family = FAMILY[dice.below(FAMILY.len())];
    format!(
        "{{\"type\":\"user\",\"username\":\"{name}{number}\",\"status\":\"CONFIRMED\",\"attributes\":{{\"email\":\
         \"{name}.{number}@example.com\",\"email_verified\":\"true\",\"given_name\":\"{given}\",\"family_name\":\
         \"{family}\"}},\"password\":{{\"hash\":\"$argon2id$v=19$m=19456,t=2,p=1${salt}${tag}\"}}}}\n"
    )
}

const HANDLE: &[u8] = b"abcdefghijklmnopqrstuvwxyz";
const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const GIVEN: &[&str] = &["Maria", "Jun", "Amina", "Olga", "Tomás", "Noor", "Ingrid", "Kwame"];
const FAMILY: &[&str] = &["Silva", "Tanaka", "Diallo", "Ivanova", "García", "Haddad", "Larsen", "Mensah", "Smith"];

/// Numbers that look random (SplitMix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap_or_default()
    }

    fn letters(&mut self, alphabet: &[u8], count: usize) -> String {
        (0..count).map(|_| char::from(alphabet[self.below(alphabet.len())])).collect()
    }
}
