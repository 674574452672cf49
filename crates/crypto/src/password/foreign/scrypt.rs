//! scrypt (RFC 7914) as a PHC string: `$scrypt$ln=17,r=8,p=1$salt$hash`.

use data_encoding::BASE64_NOPAD;
use scrypt::Params;

use super::super::HashFlaw;
use super::{check_sizes, number};

/// The most that `N · r` and `N · r · p` may be. The first is the memory in units of 128 bytes: 128 MiB, as OWASP asks
/// for; the second the work, about half a second.
const MOST: u64 = 1 << 20;

#[derive(Clone, PartialEq, Eq)]
pub(in super::super) struct Scrypt {
    log_n: u8,
    r: u32,
    p: u32,
    salt: Vec<u8>,
    tag: Vec<u8>,
}

impl Scrypt {
    pub(super) fn parse(rest: &str) -> Result<Self, HashFlaw> {
        let parts: Vec<&str> = rest.split('$').collect();
        let [cost, salt, tag] = parts.try_into().map_err(|_| HashFlaw::Malformed)?;
        let cost: Vec<&str> = cost.split(',').collect();
        let [log_n, r, p] = cost.try_into().map_err(|_| HashFlaw::Malformed)?;
        let value = |text: &str, name| number(text.strip_prefix(name).ok_or(HashFlaw::Malformed)?);
        let (log_n, r, p) = (value(log_n, "ln=")?, value(r, "r=")?, value(p, "p=")?);
        let decode = |text: &str| BASE64_NOPAD.decode(text.as_bytes()).map_err(|_| HashFlaw::Malformed);
        let (salt, tag) = (decode(salt)?, decode(tag)?);
        check_sizes(&salt, &tag)?;
        if log_n == 0 || r == 0 || p == 0 {
            return Err(HashFlaw::Malformed);
        }
        let work = 1_u64.checked_shl(log_n).filter(|n| *n <= MOST).and_then(|n| n.checked_mul(r.into()));
        if work.and_then(|work| work.checked_mul(p.into())).is_none_or(|work| work > MOST) {
            return Err(HashFlaw::TooCostly);
        }
        let log_n = u8::try_from(log_n).map_err(|_| HashFlaw::TooCostly)?;
        Params::new(log_n, r, p).map_err(|_| HashFlaw::Malformed)?;
        Ok(Self { log_n, r, p, salt, tag })
    }

    pub(super) fn tag(&self) -> &[u8] {
        &self.tag
    }

    /// What a password comes to.
    #[expect(clippy::expect_used, reason = "the parameters and the length of the tag were checked by `parse`")]
    pub(super) fn tag_of(&self, password: &str) -> Vec<u8> {
        let mut tag = vec![0; self.tag.len()];
        let params = Params::new(self.log_n, self.r, self.p).expect("the parameters are scrypt's");
        scrypt::scrypt(password.as_bytes(), &self.salt, &params, &mut tag).expect("the tag is not empty");
        tag
    }
}

#[cfg(test)]
mod tests {
    use super::super::Foreign;
    use super::*;

    /// From RFC 7914, section 12: N = 1024, r = 8, p = 16, password "password", salt "NaCl".
    const GOOD: &str = "$scrypt$ln=10,r=8,p=16$TmFDbA$\
                        /bq+HJ00cgB4VucZDQHp/nxq18vII3gw53N2Y0s3MWIurzDZLiKjiG/xCSedmDDaxyevuUqD7m2DYMvfoswGQA";

    #[test]
    fn gives_the_answer_of_the_rfc() {
        let hash = Foreign::parse(GOOD).unwrap();
        assert!(hash.matches("password"));
        assert!(!hash.matches("Password"));
    }

    #[test]
    fn refuses_costs_that_would_exhaust_the_server() {
        for cost in [
            "ln=17,r=8,p=2",
            "ln=18,r=8,p=1",
            "ln=21,r=1,p=1",
            "ln=64,r=1,p=1",
            "ln=4294967295,r=1,p=1",
            "ln=4294967296,r=1,p=1",
            "ln=1,r=4294967295,p=4294967295",
            "ln=1,r=1,p=1073741824",
        ] {
            assert_eq!(
                Foreign::parse(&GOOD.replace("ln=10,r=8,p=16", cost)).err(),
                Some(HashFlaw::TooCostly),
                "{cost}"
            );
        }
        for cost in ["ln=17,r=8,p=1", "ln=16,r=8,p=2", "ln=14,r=8,p=5", "ln=13,r=8,p=10"] {
            assert!(Foreign::parse(&GOOD.replace("ln=10,r=8,p=16", cost)).is_ok(), "{cost}");
        }
    }

    #[test]
    fn refuses_other_forms() {
        for cost in ["ln=0,r=8,p=1", "ln=10,r=0,p=1", "ln=10,r=8,p=0", "ln=10,r=8", "r=8,ln=10,p=1", "ln=10,r=8,p=x"] {
            assert_eq!(
                Foreign::parse(&GOOD.replace("ln=10,r=8,p=16", cost)).err(),
                Some(HashFlaw::Malformed),
                "{cost}"
            );
        }
        assert_eq!(Foreign::parse(&format!("{GOOD}$")).err(), Some(HashFlaw::Malformed));
    }
}
