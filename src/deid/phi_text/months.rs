//! The names of the months, folded, in the languages of many records.

use std::collections::HashMap;
use std::sync::LazyLock;

/// January to December: English, German, French, Spanish, Italian, Portuguese, Dutch, Nordic,
/// Polish, Czech, Turkish, Russian, Greek; whole and short.
const NAMES: [&str; 12] = [
    "JAN JANUARY JANUAR JANNER JANVIER JANV ENERO ENE GENNAIO GEN JANEIRO JANUARI STYCZNIA STY \
     LEDNA OCAK ЯНВАРЯ ЯНВАРЬ ЯНВ ΙΑΝΟΥΑΡΙΟΥ TAMMIKUUTA",
    "FEB FEBRUARY FEBRUAR FEVRIER FEV FEVR FEBRERO FEBBRAIO FEVEREIRO FEBRUARI LUTEGO LUT UNORA \
     SUBAT ФЕВРАЛЯ ФЕВРАЛЬ ФЕВ ΦΕΒΡΟΥΑΡΙΟΥ HELMIKUUTA",
    "MAR MARCH MARZ MRZ MARS MARZO MARCO MAART MRT MARTS MARCA BREZNA MART МАРТА МАРТ ΜΑΡΤΙΟΥ \
     MAALISKUUTA",
    "APR APRIL AVRIL AVR ABRIL ABR APRILE KWIETNIA KWI DUBNA NISAN АПРЕЛЯ АПРЕЛЬ АПР ΑΠΡΙΛΙΟΥ \
     HUHTIKUUTA",
    "MAY MAI MAYO MAGGIO MAG MAIO MEI MAJ MAJA KVETNA MAYIS МАЯ МАИ ΜΑΙΟΥ TOUKOKUUTA",
    "JUN JUNE JUNI JUIN JUNIO GIUGNO GIU JUNHO CZERWCA CZE CERVNA HAZIRAN ИЮНЯ ИЮНЬ ИЮН ΙΟΥΝΙΟΥ \
     KESAKUUTA",
    "JUL JULY JULI JUILLET JUIL JULIO LUGLIO LUG JULHO LIPCA LIP CERVENCE TEMMUZ ИЮЛЯ ИЮЛЬ ИЮЛ \
     ΙΟΥΛΙΟΥ HEINAKUUTA",
    "AUG AUGUST AOUT AGOSTO AGO AUGUSTUS AUGUSTI SIERPNIA SIE SRPNA AGUSTOS АВГУСТА АВГУСТ АВГ \
     ΑΥΓΟΥΣΤΟΥ ELOKUUTA",
    "SEP SEPT SEPTEMBER SEPTEMBRE SEPTIEMBRE SETTEMBRE SET SETEMBRO WRZESNIA WRZ ZARI EYLUL \
     СЕНТЯБРЯ СЕНТЯБРЬ СЕН ΣΕΠΤΕΜΒΡΙΟΥ SYYSKUUTA",
    "OCT OCTOBER OKTOBER OKT OCTOBRE OCTUBRE OTTOBRE OTT OUTUBRO OUT PAZDZIERNIKA RIJNA EKIM \
     ОКТЯБРЯ ОКТЯБРЬ ОКТ ΟΚΤΩΒΡΙΟΥ LOKAKUUTA",
    "NOV NOVEMBER NOVEMBRE NOVIEMBRE NOVEMBRO LISTOPADA LIS LISTOPADU KASIM НОЯБРЯ НОЯБРЬ НОЯ \
     ΝΟΕΜΒΡΙΟΥ MARRASKUUTA",
    "DEC DECEMBER DEZEMBER DEZ DECEMBRE DICIEMBRE DIC DICEMBRE DEZEMBRO DES DESEMBER GRUDNIA GRU \
     PROSINCE ARALIK ДЕКАБРЯ ДЕКАБРЬ ДЕК ΔΕΚΕΜΒΡΙΟΥ JOULUKUUTA",
];

/// What may stand between the parts of a date.
const FILLERS: [&str; 11] = ["DE", "DEL", "DI", "OF", "ST", "ND", "RD", "TH", "ER", "DA", "DEN"];

/// The month that a folded word names.
pub(super) fn month(word: &str) -> Option<u8> {
    static MONTHS: LazyLock<HashMap<&'static str, u8>> = LazyLock::new(|| {
        let named = |(number, names): (u8, &'static &'static str)| {
            names.split_whitespace().map(move |name| (name, number))
        };
        (1..).zip(&NAMES).flat_map(named).collect()
    });
    MONTHS.get(word).copied()
}

/// Whether a word only joins a day to a month, or a month to a year.
pub(super) fn is_filler(word: &str) -> bool {
    FILLERS.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::super::fold::folded;
    use super::*;

    #[test]
    fn every_name_is_written_as_words_are_folded() {
        for name in NAMES.iter().flat_map(|names| names.split_whitespace()) {
            assert_eq!(folded(name), name);
        }
        assert_eq!((month("MAI"), month("ДЕКАБРЯ"), month("MRI")), (Some(5), Some(12), None));
    }
}
