//! What threat protection reads: ranges of addresses, user agents, tables of places, lists of stolen passwords.
//!
//! The input is one of each, and an address, with NUL between them.
#![no_main]

use std::net::IpAddr;

use cognate_domain::risk::address::{Range, remembered};
use cognate_domain::risk::compromised::CompromisedPasswords;
use cognate_domain::risk::device_name::describe;
use cognate_domain::risk::places::Places;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &str| {
    let mut fields = input.split('\0');
    let mut next = || fields.next().unwrap_or_default();
    let (address, range, agent, table, list) = (next(), next(), next(), next(), next());
    let address: IpAddr = address.parse().unwrap_or(IpAddr::from([192, 0, 2, 1]));

    if let Some(read) = Range::parse(range) {
        let network = range.split('/').next().and_then(|network| network.trim().parse::<IpAddr>().ok());
        assert!(network.is_none_or(|network| read.contains(network)), "a range holds the address that it names");
        assert_eq!(read.contains(address), read.contains(address.to_canonical()), "both forms are one address");
    }
    let network = remembered(address);
    assert!(network.parse::<IpAddr>().is_ok(), "what is remembered of an address is one");

    let name = describe(Some(agent));
    assert_eq!(name, describe(Some(agent)));
    assert!(name.len() <= 64 && name.contains(", "), "a browser and a system, in few words: {name}");

    if let Ok(places) = Places::read(table.lines()) {
        assert_eq!(places.find(address).is_some(), places.find(address.to_canonical()).is_some());
    }
    let mut passwords = CompromisedPasswords::default();
    let accepted = list.lines().filter(|line| passwords.add(line).is_ok()).count();
    assert!(passwords.finished().len() <= accepted, "every line is a hash at most");
});
