//! Settings of a reconciler: periods, patience, limits.

use std::time::Duration;

/// How a reconciler behaves. The defaults suit Ironic, which waits a minute for a change of power.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Policy {
    /// How old an observation may be when a status is answered from it and something is in flight.
    pub age_in_flight: Duration,
    /// The same when nothing is.
    pub age_idle: Duration,
    /// How old an observation may be when something is done because of it: a step, or a request that is
    /// answered with "holds already" or refused.
    pub age_to_act: Duration,
    /// How long a status waits for the cloud before it is refused.
    pub patience: Duration,
    /// The shortest pause between two looks while something is in flight. The pauses grow by half each time
    /// that nothing has changed, up to [`Policy::age_in_flight`], or up to [`Policy::look_idle`] while other
    /// people's changes hold everything back.
    pub look_in_flight: Duration,
    /// The pause between two looks when nothing is in flight and nobody asks.
    pub look_idle: Duration,
    /// The first pause after a failure; it doubles each time, half of it by chance.
    pub backoff_first: Duration,
    /// The longest pause after failures.
    pub backoff_most: Duration,
    /// How long the effect of an accepted step may take to show before the step is sent again.
    pub settle: Duration,
    /// How long a request waits for others that arrive at the same moment.
    pub gather: Duration,
    /// How long a change of boot device waits, at most, for those of other nodes on their way down.
    pub coalesce: Duration,
    /// How long a new boot device is kept in the journal alone before it is also written into the VM's
    /// description: a power cycle that follows at once makes that write superfluous.
    pub tag_delay: Duration,
    /// How often the cloud may say "forbidden" to a step before the request is given up.
    pub forbidden_tries: u32,
    /// The same for "no such VM", which a VM just published may get for a while, and for "no such application".
    pub missing_tries: u32,
    /// The time an application shall have left when a node is powered on; zero never extends it.
    pub min_runtime: Duration,
    /// The shortest pause between two extensions.
    pub extend_pause: Duration,
    /// What to do about other people's unpublished changes.
    pub publish: PublishRule,
    /// How many events are kept of each node; the oldest make room for new ones.
    pub events_kept: usize,
}

/// What to do about unpublished changes of others that would restart a running VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PublishRule {
    /// Hold the publish back until they are gone.
    Guarded,
    /// Publish all the same: the operator allows it.
    Always,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            age_in_flight: Duration::from_secs(5),
            age_idle: Duration::from_secs(15),
            age_to_act: Duration::from_secs(1),
            patience: Duration::from_secs(3),
            look_in_flight: Duration::from_secs(1),
            look_idle: Duration::from_secs(30),
            backoff_first: Duration::from_millis(500),
            backoff_most: Duration::from_secs(30),
            settle: Duration::from_secs(5),
            gather: Duration::from_millis(30),
            coalesce: Duration::from_secs(4),
            tag_delay: Duration::from_secs(2),
            forbidden_tries: 3,
            missing_tries: 5,
            min_runtime: Duration::from_secs(7200),
            extend_pause: Duration::from_secs(300),
            publish: PublishRule::Guarded,
            events_kept: 500,
        }
    }
}

impl Policy {
    /// The pause after this many failures in a row. `jitter` is a random number: it decides over half of the
    /// pause, so that many who failed together do not come back together.
    #[must_use]
    pub fn backoff(&self, failures: u32, jitter: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(16);
        let full = self.backoff_first.saturating_mul(1 << doublings).min(self.backoff_most);
        let half = full / 2;
        half + half.mul_f64(f64::from(jitter) / f64::from(u32::MAX))
    }
}
