//! Who the generated study is of: nobody. Each of these must not be found in what is delivered.

/// Patient's Name (0010,0010).
pub const NAME: &str = "SAMPLESON^JOSEPHINE";
pub const ID: &str = "MRN-4471902";
pub const OTHER_ID: &str = "XR-88301745";
pub const BIRTH_DATE: &str = "19610203";
pub const BIRTH_DATE_SHOWN: &str = "03.02.1961";
pub const PHONE: &str = "+44 20 7946 0123";
pub const ADDRESS: &str = "12 HERON LANE";
pub const INSTITUTION: &str = "RIVERBEND HOSPITAL";
pub const REFERRER: &str = "QUILLFEATHER^AMBROSE";
pub const OPERATOR: &str = "TINDALWICK^R";
pub const STATION: &str = "RIVERBEND-ROOM3";
pub const SERIAL_NUMBER: &str = "SN-55120987";
pub const ACCESSION: &str = "ACC-7730418";
pub const STUDY_DATE: &str = "20240517";
pub const STUDY_DATE_SHOWN: &str = "17.05.2024";
pub const STUDY_TIME: &str = "142537.250";
pub const STUDY_TIME_SHOWN: &str = "14:25:37";
/// All UIDs of the study are this and a number (PS3.5 annex B.2).
pub const UID_ROOT: &str = "2.25.147695781284310904271523447445774774272";

/// The name as devices show it.
pub fn banner_name() -> String {
    NAME.replace('^', ", ")
}

/// Every string that identifies, as each header carries it.
pub fn identifiers() -> Vec<&'static str> {
    let names = [NAME, REFERRER].into_iter().flat_map(|name| name.split('^'));
    let rest = [
        "TINDALWICK",
        ID,
        OTHER_ID,
        BIRTH_DATE,
        PHONE,
        ADDRESS,
        INSTITUTION,
        STATION,
        SERIAL_NUMBER,
        ACCESSION,
        STUDY_DATE,
        STUDY_TIME,
        UID_ROOT,
    ];
    names.chain(rest).collect()
}
