//! Files of users for the import jobs of the API: the first row is read as columns, the others as users, or refused with
//! a reason. Where the first row is none, the rows are read as `GetCSVHeader` has them.
#![no_main]

use std::sync::LazyLock;

use cognate_domain::Pool;
use cognate_domain::import_csv::{Columns, header};
use cognate_domain::schema_declaration::declare_schema;
use cognate_domain::usernames::{NewName, is_well_formed};
use cognate_model::{AttributeDataType, SchemaAttributeType, UserPoolType, VerifiedAttributeType};
use libfuzzer_sys::fuzz_target;

static POOL: LazyLock<Pool> = LazyLock::new(|| {
    let team = SchemaAttributeType {
        name: Some("team".to_owned()),
        attribute_data_type: Some(AttributeDataType::String),
        mutable: Some(true),
        ..SchemaAttributeType::default()
    };
    let config = UserPoolType {
        schema_attributes: Some(declare_schema(Some(vec![team])).expect("the schema is sound")),
        auto_verified_attributes: Some(vec![VerifiedAttributeType::Email]),
        ..UserPoolType::default()
    };
    Pool { config, ..Pool::default() }
});

fuzz_target!(|text: &str| {
    let own = header(&POOL);
    let mut rows = text.lines();
    let first = rows.next().unwrap_or_default();
    let columns = Columns::read(&POOL, first).unwrap_or_else(|reason| {
        assert!(!reason.is_empty());
        Columns::read(&POOL, &own.join(",")).expect("the header that is given out is taken")
    });
    for row in rows {
        match columns.user(&POOL, row) {
            Ok(user) => {
                for (name, value) in &user.attributes {
                    assert!(own.contains(name) && value.chars().count() <= 2_048, "{name}");
                    assert!(!value.is_empty(), "{name} is empty");
                }
                if let NewName::Given(name) = &user.name {
                    assert!(is_well_formed(name), "{name:?}");
                }
                assert_eq!(user.attributes.get("email_verified").map(String::as_str), Some("true"));
                assert!(user.attributes.contains_key("email"));
            }
            Err(reason) => assert!(!reason.is_empty()),
        }
    }
});
