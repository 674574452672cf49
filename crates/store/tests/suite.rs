//! What every engine of the store must do, and what each does besides.
//!
//! The suite is written against [`Engine`]; an engine joins by implementing it and naming itself in one [`every_test!`].

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test that trips here fails")]

#[path = "suite/deliveries.rs"]
mod deliveries;
#[path = "suite/devices.rs"]
mod devices;
#[path = "suite/groups.rs"]
mod groups;
#[path = "suite/harness.rs"]
mod harness;
#[path = "suite/import_jobs.rs"]
mod import_jobs;
#[path = "suite/installation.rs"]
mod installation;
#[path = "suite/messages.rs"]
mod messages;
#[path = "suite/passkeys.rs"]
mod passkeys;
#[path = "suite/pools.rs"]
mod pools;
#[path = "suite/postgres.rs"]
mod postgres;
#[path = "suite/removal.rs"]
mod removal;
#[path = "suite/risk.rs"]
mod risk;
#[path = "suite/search.rs"]
mod search;
#[path = "suite/sessions.rs"]
mod sessions;
#[path = "suite/sign_in.rs"]
mod sign_in;
#[path = "suite/signing.rs"]
mod signing;
#[path = "suite/sqlite.rs"]
mod sqlite;
#[path = "suite/transactions.rs"]
mod transactions;
#[path = "suite/users.rs"]
mod users;

/// Runs the suite on an engine: each named function of each module becomes a test.
macro_rules! run_on {
    ($name:ident: $engine:ty; $($module:ident { $($test:ident,)* })*) => {
        mod $name {
            $(mod $module {
                $(#[tokio::test]
                async fn $test() {
                    let engine = <$engine as crate::harness::Engine>::fresh();
                    crate::$module::$test(&engine).await;
                })*
            })*
        }
    };
}

/// The whole suite on one engine.
macro_rules! every_test {
    ($name:ident: $engine:ty) => {
        run_on! { $name: $engine;
            transactions {
                a_read_sees_what_a_write_committed,
                a_read_sees_one_state_and_the_next_one_the_newer,
                a_read_that_panics_leaves_the_next_ones_alone,
                a_reopened_store_has_what_was_written,
                an_error_rolls_the_transaction_back,
                a_panic_rolls_the_transaction_back_and_the_store_goes_on,
                a_transaction_that_lost_a_race_runs_again,
                a_transaction_that_always_loses_ends_with_the_conflict,
                any_other_error_ends_the_transaction_at_once,
                writes_made_together_keep_all_but_the_failing_ones,
                concurrent_updates_of_different_fields_lose_none,
                of_concurrent_inserts_of_one_key_one_wins,
                a_write_from_outside_a_runtime_is_committed,
            }
            installation {
                a_setting_is_written_once,
                an_access_key_is_kept_until_it_is_deleted,
                access_keys_are_listed_oldest_first,
                an_access_key_id_is_unique,
                audit_entries_are_read_by_time_and_pruned_from_the_oldest,
                what_others_took_of_rates_is_read_and_the_oldest_written_over,
            }
            pools {
                a_pool_comes_back_as_it_was_written,
                a_pool_id_is_unique,
                a_pool_is_updated_only_from_its_newest_version,
                pools_are_listed_in_the_order_of_ids,
                a_client_comes_back_as_it_was_written,
                a_client_id_is_unique_across_pools,
                a_client_is_updated_only_from_its_newest_version,
                clients_are_listed_in_the_order_of_ids,
                a_deleted_client_has_no_pool,
                a_client_is_deleted_in_its_own_pool_only,
                users_are_counted_across_shards,
                a_deleted_pool_leaves_no_row_and_its_neighbour_all,
                what_changes_in_a_pool_is_told,
            }
            users {
                a_user_comes_back_as_it_was_written,
                a_new_password_brings_its_verifier_along,
                a_user_id_is_unique_within_its_pool,
                a_user_is_updated_only_from_the_newest_version,
                a_user_is_deleted_only_at_the_newest_version,
                a_user_is_found_by_a_handle,
                a_handle_belongs_to_one_user,
                a_handle_is_taken_from_its_owner_only,
                users_are_listed_in_the_order_of_ids,
                many_are_written_as_each_alone,
                of_many_handles_those_that_are_free_are_claimed,
            }
            search {
                a_value_is_found_until_it_is_deleted,
                the_same_value_twice_is_no_error,
                users_with_a_value_come_page_by_page,
                pages_of_a_prefix_are_what_a_naive_filter_finds,
                pages_of_handles_are_what_a_naive_filter_finds,
            }
            groups {
                a_group_comes_back_as_it_was_written,
                a_group_name_is_unique_within_its_pool,
                a_group_is_updated_only_from_its_newest_version,
                groups_are_listed_in_the_order_of_names,
                joining_twice_is_no_error_and_told,
                membership_is_seen_from_both_sides,
                members_come_page_by_page,
                groups_of_a_user_come_page_by_page,
                leaving_a_group_leaves_the_others,
                a_deleted_group_has_no_members,
                a_user_can_be_taken_out_of_every_group,
            }
            sign_in {
                a_refresh_token_family_is_kept_until_it_is_revoked,
                revoking_all_of_a_user_spares_other_users,
                ended_families_are_forgotten,
                a_session_is_used_once,
                used_sessions_are_forgotten_after_their_end,
                attempts_are_counted_within_a_window,
                an_attempt_is_remembered_beyond_its_window,
                attempts_are_cleared_for_one_kind_only,
                an_attempt_that_did_not_come_about_is_taken_back,
                a_code_replaces_the_earlier_one,
                wrong_answers_to_a_code_are_counted,
                a_code_is_deleted_once,
            }
            sessions {
                a_family_comes_back_as_it_was_written,
                a_rotation_counts_on_from_what_was_read,
                a_revoked_family_does_not_rotate,
                a_use_is_noted_at_its_session_only,
                living_sessions_come_newest_first_page_by_page,
                the_sessions_used_least_recently_go_first,
            }
            signing {
                keys_of_a_purpose_come_in_their_order,
                of_two_keys_with_one_number_the_first_stands,
                a_key_is_announced_once,
                a_key_is_deleted_alone,
            }
            devices {
                a_device_comes_back_as_it_was_written,
                a_device_is_confirmed_once,
                devices_come_page_by_page_in_the_order_of_keys,
                what_happens_to_a_device_is_noted_on_it_alone,
                a_device_is_deleted_once,
                only_the_newest_devices_are_kept,
            }
            risk {
                a_configuration_belongs_to_its_pool_or_client,
                a_deleted_client_leaves_no_configuration,
                marks_come_back_as_they_were_written,
                a_mark_is_replaced_and_forgotten,
                the_marks_that_were_seen_longest_ago_go_first,
            }
            messages {
                messages_of_a_user_come_newest_first,
                the_newest_messages_come_from_every_pool,
                the_newest_messages_of_a_pool_leave_out_other_pools,
                a_user_keeps_only_the_newest_messages,
                a_message_that_waits_is_kept_whatever_comes,
                an_event_is_written_in_place_of_its_earlier_state,
                an_event_id_is_unique,
                events_come_newest_first_page_by_page,
                only_the_newest_events_are_kept,
                old_events_are_forgotten,
            }
            deliveries {
                a_message_is_leased_once_and_only_when_it_is_due,
                of_many_workers_one_gets_each_message,
                a_lease_that_ended_is_anothers_to_take,
                a_message_that_its_owner_is_busy_with_is_not_leased_again,
                pools_that_have_their_share_are_left_for_later,
                what_is_longest_due_comes_first_and_no_more_than_wanted,
                a_message_that_was_put_back_waits_until_it_is_due,
                what_came_to_its_end_is_never_leased_again,
                who_lost_a_lease_changes_nothing,
                leases_of_an_earlier_process_are_freed,
                a_message_that_waits_can_be_tried_at_once,
                old_messages_are_swept_and_those_that_wait_are_not,
                messages_are_listed_by_state,
                any_order_of_steps_delivers_each_message_to_one_owner,
            }
            passkeys {
                a_passkey_comes_back_as_it_was_written,
                a_passkey_belongs_to_one_user_of_a_pool,
                a_passkey_is_updated_only_from_its_newest_version,
                passkeys_of_a_user_come_oldest_first_page_by_page,
                a_passkey_is_deleted_by_its_user_only,
                a_registration_replaces_the_earlier_one,
                a_registration_ends_once_and_by_its_own_challenge,
            }
            import_jobs {
                jobs_come_newest_first_page_by_page,
                jobs_on_their_way_are_found,
                a_draft_takes_the_place_of_a_file_at_once,
                outcomes_come_in_the_order_of_lines_batch_by_batch,
            }
            removal {
                a_deleted_user_leaves_no_row,
                deleting_a_user_spares_the_neighbour,
            }
        }
    };
}

every_test! { embedded: crate::sqlite::Embedded }
every_test! { server: crate::postgres::ReadCommitted }
every_test! { serializable: crate::postgres::Serializable }
