//! Where somebody is reached: the parts of a postal address that tell alone, and the ways in which a
//! telephone number is dialled.

/// The shortest name of a street or a town that is searched for by itself.
const MIN_NAME_CHARS: usize = 4;
/// The shortest postal code that is.
const MIN_POSTAL_DIGITS: usize = 5;
/// The longest country code (ITU-T E.164), and the shortest number behind it.
const MAX_COUNTRY_DIGITS: usize = 3;
const MIN_NATIONAL_DIGITS: usize = 6;
/// A value with more parts is no address.
const MAX_PARTS: usize = 32;

/// Streets, towns and postal codes: what stands between numbers, commas, carets and line ends.
pub(super) fn parts_of_address(address: &str) -> Vec<String> {
    let mut parts = Vec::new();
    for piece in address.split(['\r', '\n', '^', ',', ';', '\\']).take(MAX_PARTS) {
        let mut name: Vec<&str> = Vec::new();
        for word in piece.split_whitespace().chain(["0"]) {
            if !word.contains(|c: char| c.is_ascii_digit()) {
                name.push(word);
                continue;
            }
            // an abbreviated state belongs to the code behind it: Springfield IL 62704
            if name.len() > 1 && name.last().is_some_and(|word| word.chars().count() < 3) {
                name.pop();
            }
            let whole = std::mem::take(&mut name).join(" ");
            if whole.chars().filter(|c| c.is_alphabetic()).count() >= MIN_NAME_CHARS {
                parts.push(whole);
            }
            if word.bytes().filter(u8::is_ascii_digit).count() >= MIN_POSTAL_DIGITS {
                parts.push(word.to_string());
            }
        }
    }
    parts
}

/// The numbers and addresses in a value, without their schemes; of an international number also how
/// it is dialled at home, since how long its country code is cannot be seen.
pub(super) fn ways_of_telecom(value: &str) -> Vec<String> {
    let mut ways = Vec::new();
    for piece in value.split([';', ',', '^', '\\', '\r', '\n']).take(MAX_PARTS) {
        let piece = piece.trim();
        let scheme = ["tel:", "fax:", "mailto:", "sip:"].into_iter().find(|scheme| {
            piece.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        });
        let bare = piece[scheme.map_or(0, str::len)..].trim();
        ways.push(bare.to_string());
        let international = bare.strip_prefix('+').or_else(|| bare.strip_prefix("00"));
        let digits: String =
            international.unwrap_or_default().chars().filter(char::is_ascii_digit).collect();
        for code in 1..=MAX_COUNTRY_DIGITS {
            let national = digits.get(code..).unwrap_or_default();
            if national.len() >= MIN_NATIONAL_DIGITS {
                ways.extend([
                    national.to_string(),
                    format!("0{}", national.trim_start_matches('0')),
                ]);
            }
        }
    }
    ways
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_its_streets_towns_and_codes() {
        let parts = parts_of_address("12 Elm Grove\r\nSpringfield IL 62704");
        assert_eq!(parts, ["Elm Grove", "Springfield", "62704"].map(String::from).to_vec());
        let parts = parts_of_address("Via Roma 8^^Ferrara^FE^44121^IT");
        assert_eq!(parts, ["Via Roma", "Ferrara", "44121"].map(String::from).to_vec());
        assert_eq!(parts_of_address("5 / 7, A 12"), Vec::<String>::new());
    }

    #[test]
    fn a_number_is_known_as_it_is_dialled_at_home() {
        let ways = ways_of_telecom("tel:+44 (0)20 7946 0018");
        assert!(ways.contains(&"02079460018".to_string()), "{ways:?}");
        assert_eq!(ways_of_telecom("mailto:a@b.example"), ["a@b.example"]);
        assert_eq!(ways_of_telecom("555-0112"), ["555-0112"]);
    }
}
