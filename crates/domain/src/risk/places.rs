//! Where addresses are, by a table that the operator gives. Without one every place is unknown.
//!
//! The table is text: a line of column names, then a line for each range. Columns are separated by commas, values may
//! stand in double quotes (RFC 4180). `network` (CIDR), or `start` and `end`, say which addresses; `country`, `city`,
//! `latitude` and `longitude` where they are. Other columns are skipped.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use super::address::{Range, number};

/// A point on the earth, in degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// North is positive.
    pub latitude: f64,
    /// East is positive.
    pub longitude: f64,
}

/// A place, as far as the table knows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// The country.
    pub country: Option<String>,
    /// The city.
    pub city: Option<String>,
    /// The point.
    pub point: Option<Point>,
}

/// The table.
#[derive(Debug, Default)]
pub struct Places {
    /// First and last address, in order and without overlaps, and where they are.
    ranges: Vec<(u128, u128, Arc<Place>)>,
}

/// The radius of the earth in kilometres (mean, IUGG).
const EARTH: f64 = 6_371.0;

impl Point {
    /// The distance in kilometres along the surface (the haversine formula).
    pub fn distance(self, other: Self) -> f64 {
        let (from, to) = (self.latitude.to_radians(), other.latitude.to_radians());
        let (north, east) = (to - from, (other.longitude - self.longitude).to_radians());
        let square = (north / 2.0).sin().powi(2) + from.cos() * to.cos() * (east / 2.0).sin().powi(2);
        2.0 * EARTH * square.clamp(0.0, 1.0).sqrt().asin()
    }
}

impl Places {
    /// Reads a table; the error says which line is wrong.
    pub fn read<'a>(lines: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let mut lines = lines.into_iter().zip(1_usize..).filter(|(line, _)| !line.trim().is_empty());
        let (names, _) = lines.next().ok_or("the table of places is empty")?;
        let columns = Columns::read(names)?;
        let (mut ranges, mut known) = (Vec::new(), HashMap::<String, Arc<Place>>::new());
        for (line, at) in lines {
            let wrong = |what: &str| format!("line {at}: {what}");
            let values = split(line).ok_or_else(|| wrong("a quote is not closed"))?;
            let range = columns.range(&values).ok_or_else(|| wrong("no range of addresses"))?;
            let place = columns.place(&values).map_err(wrong)?;
            let (first, last) = range.bounds();
            // Few places, many ranges: each place is kept once.
            let place = known.entry(format!("{place:?}")).or_insert_with(|| Arc::new(place));
            ranges.push((first, last, Arc::clone(place)));
        }
        ranges.sort_unstable_by_key(|(first, ..)| *first);
        if ranges.iter().zip(ranges.iter().skip(1)).any(|((_, last, _), (next, ..))| last >= next) {
            return Err("two ranges of the table of places overlap".to_owned());
        }
        Ok(Self { ranges })
    }

    /// Where an address is.
    pub fn find(&self, address: IpAddr) -> Option<&Place> {
        let wanted = number(address);
        let behind = self.ranges.partition_point(|(first, ..)| *first <= wanted);
        let (_, last, place) = self.ranges.get(behind.checked_sub(1)?)?;
        (wanted <= *last).then_some(place)
    }
}

/// Where each column stands.
struct Columns {
    network: Option<usize>,
    bounds: Option<(usize, usize)>,
    country: usize,
    city: Option<usize>,
    point: Option<(usize, usize)>,
}

impl Columns {
    fn read(names: &str) -> Result<Self, String> {
        let names: Vec<String> = split(names.trim_start_matches('\u{feff}'))
            .unwrap_or_default()
            .iter()
            .map(|name| name.trim().to_ascii_lowercase())
            .collect();
        let find = |wanted: &str| names.iter().position(|name| name == wanted);
        let columns = Self {
            network: find("network"),
            bounds: find("start").zip(find("end")),
            country: find("country").ok_or("the table of places has no column country")?,
            city: find("city"),
            point: find("latitude").zip(find("longitude")),
        };
        if columns.network.is_none() && columns.bounds.is_none() {
            return Err("the table of places has no column network, and no columns start and end".to_owned());
        }
        Ok(columns)
    }

    fn range(&self, values: &[String]) -> Option<Range> {
        if let Some(network) = self.network {
            return Range::parse(values.get(network)?.trim());
        }
        let (first, last) = self.bounds?;
        let read = |column: usize| values.get(column)?.trim().parse::<IpAddr>().ok();
        Range::between(read(first)?, read(last)?)
    }

    fn place(&self, values: &[String]) -> Result<Place, &'static str> {
        let text =
            |column: usize| values.get(column).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let point = match self.point.map(|(latitude, longitude)| (text(latitude), text(longitude))) {
            Some((Some(latitude), Some(longitude))) => Some(point(&latitude, &longitude).ok_or("no point")?),
            _ => None,
        };
        Ok(Place { country: text(self.country), city: self.city.and_then(text), point })
    }
}

fn point(latitude: &str, longitude: &str) -> Option<Point> {
    let read = |text: &str, most: f64| text.parse().ok().filter(|degrees: &f64| degrees.abs() <= most);
    Some(Point { latitude: read(latitude, 90.0)?, longitude: read(longitude, 180.0)? })
}

/// The values of a line; none where a quote is not closed.
fn split(line: &str) -> Option<Vec<String>> {
    let (mut values, mut value, mut quoted) = (Vec::new(), String::new(), false);
    let mut letters = line.trim_end_matches(['\r', '\n']).chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                value.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => values.push(std::mem::take(&mut value)),
            other => value.push(other),
        }
    }
    values.push(value);
    (!quoted).then_some(values)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TABLE: &str = "\
network,country,city,latitude,longitude
203.0.113.0/24,Germany,Berlin,52.52,13.405
198.51.100.0/24,\"Korea, Republic of\",Seoul,37.57,126.98
2001:db8::/32,Germany,,,
192.0.2.128/25,France,\"L\"\"Aquila\",,";

    fn country(places: &Places, address: &str) -> Option<String> {
        places.find(address.parse().unwrap()).and_then(|place| place.country.clone())
    }

    #[test]
    fn addresses_are_found_in_their_ranges() {
        let places = Places::read(TABLE.lines()).unwrap();
        let berlin = places.find("203.0.113.9".parse().unwrap()).unwrap();
        assert_eq!((berlin.city.as_deref(), berlin.point.map(|point| point.latitude)), (Some("Berlin"), Some(52.52)));
        assert_eq!(country(&places, "198.51.100.255").as_deref(), Some("Korea, Republic of"));
        assert_eq!(country(&places, "2001:db8:ff::1").as_deref(), Some("Germany"));
        let aquila = places.find("192.0.2.200".parse().unwrap()).unwrap();
        assert_eq!((aquila.city.as_deref(), aquila.point), (Some("L\"Aquila"), None));
        for unknown in ["203.0.112.255", "203.0.114.0", "192.0.2.1", "10.0.0.1", "2001:db9::1", "::1"] {
            assert_eq!(country(&places, unknown), None, "{unknown}");
        }
    }

    #[test]
    fn ranges_may_be_given_by_their_ends() {
        let table =
            "\u{feff}start, END ,x,country\n203.0.113.0,203.0.113.9,y,Germany\n2001:db8::,2001:db8::f,,France\n";
        let places = Places::read(table.lines()).unwrap();
        assert_eq!(country(&places, "203.0.113.9").as_deref(), Some("Germany"));
        assert_eq!(country(&places, "203.0.113.10"), None);
        assert_eq!(country(&places, "2001:db8::e").as_deref(), Some("France"));
    }

    #[test]
    fn a_wrong_table_is_told_with_its_line() {
        let read = |table: &str| Places::read(table.lines()).unwrap_err();
        assert_eq!(read(""), "the table of places is empty");
        assert_eq!(read("network,city"), "the table of places has no column country");
        assert_eq!(read("country"), "the table of places has no column network, and no columns start and end");
        let with = |line: &str| read(&format!("network,country,latitude,longitude\n\n{line}"));
        assert_eq!(with("nonsense,Germany"), "line 3: no range of addresses");
        assert_eq!(with("1.2.3.4,Germany"), "line 3: no range of addresses");
        assert_eq!(with("1.2.3.0/24,\"Germany"), "line 3: a quote is not closed");
        assert_eq!(with("1.2.3.0/24,Germany,91,0"), "line 3: no point");
        assert_eq!(with("1.2.3.0/24,Germany,north,0"), "line 3: no point");
        assert_eq!(with("1.2.3.0/24,Germany,,\n1.2.0.0/16,France,,"), "two ranges of the table of places overlap");
        let ends = "start,end,country\n1.2.3.4,1.2.3.3,Germany";
        assert_eq!(read(ends), "line 2: no range of addresses");
    }

    #[test]
    fn distances_are_those_of_an_atlas() {
        let berlin = Point { latitude: 52.52, longitude: 13.405 };
        let seoul = Point { latitude: 37.57, longitude: 126.98 };
        let distance = berlin.distance(seoul);
        assert!((8_100.0..8_200.0).contains(&distance), "{distance}");
        assert!(berlin.distance(berlin).abs() < 0.001);
        let (north, south) = (Point { latitude: 90.0, longitude: 0.0 }, Point { latitude: -90.0, longitude: 0.0 });
        assert!((north.distance(south) - std::f64::consts::PI * EARTH).abs() < 1.0);
    }

    proptest! {
        #[test]
        fn any_text_is_a_table_or_not(text in "[a-z0-9,.:/\"\\n -]{0,200}") {
            let _ = Places::read(format!("network,country\n{text}").lines());
            let _ = Places::read(text.lines());
        }
    }
}
