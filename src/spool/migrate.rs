//! Databases of earlier versions.

use super::schema::{JOBS_COLUMNS, JOBS_INDEXES, PATIENTS, RELIABILITY};

/// The columns of `jobs` in version 1.
const JOBS_1: &str = "id, original, profile, profile_digest, project, key_id, state, held_reason,
    held_detail, report, result_sha256, result_bytes, sop_class, transfer_syntax, new_study,
    new_series, new_sop, result_kept, updated_ms";

/// Version 1 knew nothing of patients. What was ready is made again, to the same bytes, so that it
/// is known whose it is before it leaves; so is what one destination refused and others still get.
pub(super) fn from_1() -> String {
    format!(
        "{}
         UPDATE deliveries SET state = 'waiting' WHERE state = 'refused' AND job IN
             (SELECT id FROM jobs WHERE state = 'held' AND held_reason = 'refused');
         UPDATE jobs SET state = 'waiting', result_kept = 0, held_reason = NULL, held_detail = NULL
             WHERE state = 'ready' OR (state = 'held' AND held_reason = 'refused');
         {PATIENTS} {RELIABILITY}",
        jobs_with(JOBS_1)
    )
}

/// Version 2 counted no attempts and knew no routes.
pub(super) fn from_2() -> String {
    let columns = format!("{JOBS_1}, patient_hash, patient_id_hash, new_patient");
    format!("{} {RELIABILITY}", jobs_with(&columns))
}

/// `jobs` anew, with what is in these columns of the old one.
fn jobs_with(columns: &str) -> String {
    format!(
        "CREATE TABLE jobs_new {JOBS_COLUMNS}
         INSERT INTO jobs_new ({columns}) SELECT {columns} FROM jobs;
         DROP TABLE jobs;
         ALTER TABLE jobs_new RENAME TO jobs;
         {JOBS_INDEXES}"
    )
}

#[cfg(test)]
mod tests {
    use super::super::schema;
    use rusqlite::Connection;

    const VERSION_1: &str = include_str!("schema_1.sql");
    const VERSION_2: &str = include_str!("schema_2.sql");
    const VERSION_3: &str = include_str!("schema_3.sql");
    const VERSION_4: &str = include_str!("schema_4.sql");

    fn of_version_1() -> Connection {
        of_version(1, VERSION_1)
    }

    fn of_version(version: i64, tables: &str) -> Connection {
        let c = Connection::open_in_memory().expect("opened");
        c.execute_batch(&format!("{tables} PRAGMA user_version = {version};")).expect("tables");
        c.execute_batch(
            "INSERT INTO profiles VALUES ('d', '{}');
             INSERT INTO originals (id, sop_hash, sha256, bytes, sop_class, transfer_syntax, calling_ae,
                 called_ae, peer, received_ms, changed, state)
                 VALUES ('o', x'01', 's', 1, 'c', 't', 'a', 'b', 'p', 5, 0, 'routed');
             INSERT INTO jobs (id, original, profile, profile_digest, project, key_id, state,
                 new_sop, result_kept, updated_ms) VALUES
                 (3, 'o', 'basic', 'd', 'trial', 'k', 'ended', '2.25.1', 0, 7),
                 (9, 'o', 'basic', 'd', 'trial', 'k', 'ready', '2.25.2', 1, 8);
             INSERT INTO deliveries (job, destination, state, updated_ms) VALUES
                 (3, 'out', 'sent', 9), (9, 'out', 'waiting', 9);
             INSERT INTO decisions (job, who, at_ms, what) VALUES (3, 'me', 6, 'reprocess');",
        )
        .expect("records");
        c
    }

    fn schema_of(c: &Connection) -> Vec<String> {
        let sql =
            "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_schema ORDER BY 1";
        let mut statement = c.prepare(sql).expect("a query");
        let rows = statement.query_map([], |row| row.get::<_, String>(0)).expect("rows");
        let plain =
            |sql: String| sql.replace('"', "").split_whitespace().collect::<Vec<_>>().join(" ");
        rows.map(|row| plain(row.expect("a row"))).collect()
    }

    #[test]
    fn a_database_of_each_earlier_version_becomes_one_of_this_version() {
        let new = Connection::open_in_memory().expect("opened");
        schema::prepare(&new).expect("made");
        let of_3_and_4 = [of_version(3, VERSION_3), of_version(4, VERSION_4)];
        for earlier in [of_version_1(), of_version(2, VERSION_2)].into_iter().chain(of_3_and_4) {
            schema::prepare(&earlier).expect("migrated");
            assert_eq!(schema_of(&earlier), schema_of(&new));
            schema::prepare(&earlier).expect("nothing to do");
        }
    }

    #[test]
    fn from_version_2_every_record_stays_as_it_is() {
        let c = of_version(2, VERSION_2);
        c.execute_batch(
            "UPDATE jobs SET patient_hash = x'aa', new_patient = 'p' WHERE id = 9;
             INSERT INTO excluded VALUES (x'bb', 'me', 4);",
        )
        .expect("of version 2");
        schema::prepare(&c).expect("migrated");
        let one = |sql: &str| -> String { c.query_row(sql, [], |row| row.get(0)).expect("a row") };
        let job = "SELECT state || result_kept || new_sop || hex(patient_hash) || new_patient
                   || attempts || next_ms FROM jobs WHERE id = 9";
        assert_eq!(one(job), "ready12.25.2AAp00");
        assert_eq!(one("SELECT hex(patient_hash) FROM excluded"), "BB");
        assert_eq!(one("SELECT group_concat(state) FROM deliveries"), "sent,waiting");
        assert_eq!(one("SELECT count(*) || '' FROM pragma_foreign_key_check"), "0");
    }

    #[test]
    fn from_version_3_every_record_stays_and_each_object_leaves_by_itself() {
        let c = of_version(3, VERSION_3);
        c.execute_batch(
            "UPDATE jobs SET patient_hash = x'aa', attempts = 2, route = 'r' WHERE id = 9;
             UPDATE deliveries SET first_ms = 4 WHERE job = 9;",
        )
        .expect("of version 3");
        schema::prepare(&c).expect("migrated");
        let one = |sql: &str| -> String { c.query_row(sql, [], |row| row.get(0)).expect("a row") };
        let job = "SELECT state || hex(patient_hash) || attempts || route || release_by || parked
                   || (known_set IS NULL) || (released_ms IS NULL) FROM jobs WHERE id = 9";
        assert_eq!(one(job), "readyAA2robject011");
        assert_eq!(one("SELECT first_ms || state FROM deliveries WHERE job = 9"), "4waiting");
        assert_eq!(one("SELECT (study_hash IS NULL) || received_ms FROM originals"), "15");
        assert_eq!(one("SELECT count(*) || '' FROM pragma_foreign_key_check"), "0");
    }

    #[test]
    fn its_records_stay_and_what_was_ready_is_made_again() {
        let c = of_version_1();
        schema::prepare(&c).expect("migrated");
        let all = |sql: &str| -> Vec<String> {
            let mut statement = c.prepare(sql).expect("a query");
            let rows = statement.query_map([], |row| row.get::<_, String>(0)).expect("rows");
            rows.map(|row| row.expect("a row")).collect()
        };
        let jobs = all("SELECT id || state || result_kept || coalesce(new_sop, '') FROM jobs");
        assert_eq!(jobs, ["3ended02.25.1", "9waiting02.25.2"]);
        assert_eq!(all("SELECT job || state FROM deliveries"), ["3sent", "9waiting"]);
        assert_eq!(all("SELECT who || what FROM decisions"), ["mereprocess"]);
        assert_eq!(all("SELECT \"table\" FROM pragma_foreign_key_check"), Vec::<String>::new());
        // numbers are never given twice, and references are checked again
        c.execute_batch(
            "INSERT INTO jobs (original, profile, profile_digest, project, key_id, state, updated_ms)
             VALUES ('o', 'basic', 'd', 'trial', 'k', 'dropped', 1)",
        )
        .expect("a state of version 2");
        assert_eq!(c.last_insert_rowid(), 10);
        let dangling = "INSERT INTO deliveries (job, destination, state, updated_ms)
             VALUES (77, 'out', 'sent', 1)";
        assert!(c.execute_batch(dangling).is_err());
    }

    #[test]
    fn a_later_version_is_left_alone() {
        let c = Connection::open_in_memory().expect("opened");
        c.execute_batch("PRAGMA user_version = 9").expect("set");
        let error = schema::prepare(&c).expect_err("unknown").to_string();
        assert!(error.contains("version 9, this program knows 5"), "{error}");
        assert!(schema_of(&c).is_empty());
    }
}
