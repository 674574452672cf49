//! What of a pool goes to a log ("Exporting logs from Amazon Cognito user pools", Developer Guide): errors of messages to
//! users to a log group, sign-ins to a log group, a stream or a bucket.
//!
//! The texts of the refusals are not recorded from the live service.

use cognate_model::{EventSourceName, LogConfigurationType, LogLevel, UserPoolTierType};

use crate::{Pool, Refusal, tier};

/// Sets what goes to a log, in place of what did before.
pub fn set(pool: &mut Pool, wanted: Vec<LogConfigurationType>) -> Result<(), Refusal> {
    for (place, configuration) in wanted.iter().enumerate() {
        let source = configuration.event_source;
        if wanted.iter().take(place).any(|earlier| earlier.event_source == source) {
            return Err(Refusal::invalid(format!("The event source {source} is configured more than once.")));
        }
        check(configuration)?;
        let tier = pool.config.user_pool_tier.unwrap_or(UserPoolTierType::Essentials);
        if source == EventSourceName::UserAuthEvents && tier != UserPoolTierType::Plus {
            return Err(tier::unavailable(tier, "User Auth Events Log Delivery"));
        }
    }
    pool.log_deliveries = wanted;
    Ok(())
}

/// Whether events of a source go to a log.
pub fn wants(pool: &Pool, source: EventSourceName) -> bool {
    pool.log_deliveries.iter().any(|configuration| configuration.event_source == source)
}

fn check(configuration: &LogConfigurationType) -> Result<(), Refusal> {
    let LogConfigurationType { log_level, event_source, .. } = configuration;
    let to_log_group = configuration
        .cloud_watch_logs_configuration
        .as_ref()
        .map(|to| is_for(to.log_group_arn.as_deref(), "CloudWatchLogsConfiguration", "logs"));
    let to_stream = configuration
        .firehose_configuration
        .as_ref()
        .map(|to| is_for(to.stream_arn.as_deref(), "FirehoseConfiguration", "firehose"));
    let to_bucket =
        configuration.s3_configuration.as_ref().map(|to| is_for(to.bucket_arn.as_deref(), "S3Configuration", "s3"));
    let destinations = [&to_log_group, &to_stream, &to_bucket].into_iter().flatten().count();
    let level = match event_source {
        EventSourceName::UserNotification => LogLevel::Error,
        EventSourceName::UserAuthEvents => LogLevel::Info,
    };
    if *log_level != level {
        return Err(Refusal::invalid(format!("The log level of {event_source} must be {level}.")));
    }
    if destinations != 1 {
        return Err(Refusal::invalid(format!("{event_source} needs one destination, and has {destinations}.")));
    }
    if *event_source == EventSourceName::UserNotification && to_log_group.is_none() {
        return Err(Refusal::invalid("userNotification can be delivered to a CloudWatch log group only."));
    }
    [to_log_group, to_stream, to_bucket].into_iter().flatten().collect()
}

/// Checks the ARN of a destination.
fn is_for(arn: Option<&str>, member: &str, service: &str) -> Result<(), Refusal> {
    let arn = arn.ok_or_else(|| Refusal::invalid(format!("{member} names no destination.")))?;
    if arn.split(':').nth(2) == Some(service) {
        return Ok(());
    }
    Err(Refusal::invalid(format!("{member} names {arn}, which is no ARN of the service {service}.")))
}

#[cfg(test)]
mod tests {
    use cognate_model::{CloudWatchLogsConfigurationType, Exception, S3ConfigurationType};

    use super::*;
    use crate::fixtures::plain_pool;

    const GROUP: &str = "arn:aws:logs:us-east-1:123456789012:log-group:cognito";

    fn notifications() -> LogConfigurationType {
        LogConfigurationType {
            log_level: LogLevel::Error,
            event_source: EventSourceName::UserNotification,
            cloud_watch_logs_configuration: Some(CloudWatchLogsConfigurationType {
                log_group_arn: Some(GROUP.to_owned()),
            }),
            ..LogConfigurationType::default()
        }
    }

    fn sign_ins() -> LogConfigurationType {
        LogConfigurationType {
            log_level: LogLevel::Info,
            event_source: EventSourceName::UserAuthEvents,
            s3_configuration: Some(S3ConfigurationType { bucket_arn: Some("arn:aws:s3:::events".to_owned()) }),
            ..LogConfigurationType::default()
        }
    }

    fn plus() -> Pool {
        let mut pool = plain_pool();
        pool.config.user_pool_tier = Some(UserPoolTierType::Plus);
        pool
    }

    #[test]
    fn each_source_goes_to_one_place() {
        let mut pool = plus();
        set(&mut pool, vec![notifications(), sign_ins()]).unwrap();
        assert!(wants(&pool, EventSourceName::UserNotification) && wants(&pool, EventSourceName::UserAuthEvents));
        set(&mut pool, Vec::new()).unwrap();
        assert!(!wants(&pool, EventSourceName::UserNotification));
    }

    #[test]
    fn what_the_guide_rules_out_is_refused() {
        let bucket = sign_ins().s3_configuration;
        let group = notifications().cloud_watch_logs_configuration;
        let other = Some(CloudWatchLogsConfigurationType { log_group_arn: Some("arn:aws:s3:::events".to_owned()) });
        let nowhere = Some(CloudWatchLogsConfigurationType::default());
        for wrong in [
            vec![notifications(), notifications()],
            vec![LogConfigurationType { log_level: LogLevel::Info, ..notifications() }],
            vec![LogConfigurationType { log_level: LogLevel::Error, ..sign_ins() }],
            vec![LogConfigurationType { cloud_watch_logs_configuration: None, ..notifications() }],
            vec![LogConfigurationType { cloud_watch_logs_configuration: group, ..sign_ins() }],
            vec![LogConfigurationType {
                cloud_watch_logs_configuration: None,
                s3_configuration: bucket,
                ..notifications()
            }],
            vec![LogConfigurationType { cloud_watch_logs_configuration: other, ..notifications() }],
            vec![LogConfigurationType { cloud_watch_logs_configuration: nowhere, ..notifications() }],
        ] {
            let mut pool = plus();
            let refused = set(&mut pool, wrong.clone()).unwrap_err();
            assert_eq!(refused.exception, Exception::InvalidParameter, "{wrong:?}");
            assert!(pool.log_deliveries.is_empty());
        }
        let refused = set(&mut plain_pool(), vec![sign_ins()]).unwrap_err();
        assert_eq!(refused.exception, Exception::FeatureUnavailableInTier);
    }
}
