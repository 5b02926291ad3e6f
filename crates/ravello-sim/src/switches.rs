//! What nobody outside can settle any more, as switches.
//!
//! Each field is one question that `ravello-api.md` marks as an assumption or leaves open (§14 and others);
//! the default is what §14 recommends. They can be set at the start and changed over HTTP while it runs.

use serde::{Deserialize, Serialize};

macro_rules! switch {
    ($(#[$doc:meta])* $name:ident { $(#[$first_doc:meta])* $first:ident, $($(#[$variant_doc:meta])* $variant:ident,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum $name {
            $(#[$first_doc])*
            #[default]
            $first,
            $($(#[$variant_doc])* $variant,)+
        }
    };
}

/// All switches. In JSON: camelCase keys, kebab-case values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Switches {
    /// The status of an action that is not possible in the present state.
    pub wrong_state: WrongStateStatus,
    /// Whether a PUT of a single VM is checked against the application's version.
    pub vm_put_version: VmPutVersion,
    /// Whether writing a single VM raises the version.
    pub version_on_vm_write: VersionOnVmWrite,
    /// Whether actions and publishes raise the version.
    pub version_on_action: VersionOnAction,
    /// What becomes of a publish while a VM is in a transient state.
    pub publish_while_transient: PublishWhileTransient,
    /// Whether a changed name or host name restarts a VM.
    pub rename: Rename,
    /// `poweroff` while STARTING, RESTARTING, UPDATING or PUBLISHING.
    pub poweroff_in_starting: PoweroffInStarting,
    /// `poweroff` while STOPPING.
    pub poweroff_in_stopping: PoweroffInStopping,
    /// `poweroff` in an error state.
    pub poweroff_in_error: PoweroffInError,
    /// What a PUT of a VM answers.
    pub vm_put_reply: VmPutReply,
    /// How the state of a VM is sent when asked for alone.
    pub state_reply: StateReply,
    /// How `pendingUpdates` is sent.
    pub pending_updates_reply: PendingUpdatesReply,
    /// Whether VMs that were never published show up in the deployment.
    pub drafts: Drafts,
    /// Whether a publish makes a stopped VM pass through UPDATING.
    pub updating_of_stopped: UpdatingOfStopped,
    /// What decides between disk and network at boot.
    pub boot_selection: BootSelection,
    /// Whether fields that the service does not know are kept.
    pub unknown_fields: UnknownFields,
    /// What a GET of a VM without an aspect returns.
    pub default_aspect: DefaultAspect,
    /// How large identifiers are.
    pub id_size: IdSize,
    /// Whether WAITING_TO_START and WAITING_TO_STOP appear.
    pub waiting_states: WaitingStates,
    /// What becomes of a VM whose guest ignores `shutdown` for its `stopTimeOut`.
    pub hung_shutdown: HungShutdown,
    /// Where `repair` ends.
    pub repair_ends: RepairEnds,
    /// What one unfit VM does to an action on several.
    pub batch_refusal: BatchRefusal,
    /// The success status of actions.
    pub action_status: ActionStatus,
    /// Whether GET and PUT answer with `Content-Location`. The vendor's SDK can poll with `wait_for` only if
    /// they do.
    pub content_location: ContentLocation,
    /// Whether a refusal has a body beside its headers.
    pub error_body: ErrorBody,
    /// Whether a VM that is being created can be seen already.
    pub fresh_vms: FreshVms,
}

switch! {
    /// The status of an action that is not possible in the present state.
    WrongStateStatus {
        /// 409, as observed.
        Conflict,
        /// 400, as documented.
        BadRequest,
        /// 403, as sometimes seen in races.
        Forbidden,
    }
}

switch! {
    /// Whether a PUT of a single VM is checked against the application's version.
    VmPutVersion {
        /// It is taken as it is.
        Unchecked,
        /// A VM that carries a `version` other than the application's is refused.
        Checked,
    }
}

switch! {
    /// Whether writing a single VM raises the version.
    VersionOnVmWrite {
        /// By one.
        Raised,
        /// It stays.
        Kept,
    }
}

switch! {
    /// Whether actions and publishes raise the version.
    VersionOnAction {
        /// It stays.
        Kept,
        /// By one.
        Raised,
    }
}

switch! {
    /// What becomes of a publish while a VM is in a transient state.
    PublishWhileTransient {
        /// Refused if it would restart or remove a VM in a transient state.
        RefusedIfTouched,
        /// Refused if any VM of the application is in a transient state.
        RefusedAlways,
        /// Accepted; a touched VM is updated when it has come to rest.
        Accepted,
    }
}

switch! {
    /// Whether a changed name or host name restarts a VM.
    Rename {
        /// It does not.
        Harmless,
        /// It does.
        Restarts,
    }
}

switch! {
    /// `poweroff` while STARTING, RESTARTING, UPDATING or PUBLISHING.
    PoweroffInStarting {
        /// Refused.
        Refused,
        /// Done at once.
        Accepted,
    }
}

switch! {
    /// `poweroff` while STOPPING.
    PoweroffInStopping {
        /// Refused.
        Refused,
        /// Answered as a success, without any effect.
        Ignored,
    }
}

switch! {
    /// `poweroff` in an error state.
    PoweroffInError {
        /// Refused.
        Refused,
        /// Done: the VM ends up STOPPED.
        Accepted,
    }
}

switch! {
    /// What a PUT of a VM answers.
    VmPutReply {
        /// The VM, as the vendor's SDK says.
        Vm,
        /// The application, as the Java SDK says.
        Application,
        /// Nothing.
        Nothing,
    }
}

switch! {
    /// How the state of a VM is sent when asked for alone.
    StateReply {
        /// As a JSON string.
        Json,
        /// As plain text.
        Text,
    }
}

switch! {
    /// How `pendingUpdates` is sent.
    PendingUpdatesReply {
        /// `{"value": true}`.
        Wrapped,
        /// `true`.
        Bare,
    }
}

switch! {
    /// Whether VMs that were never published show up in the deployment.
    Drafts {
        /// They do not.
        Absent,
        /// They do, without a state.
        Listed,
    }
}

switch! {
    /// Whether a publish makes a stopped VM pass through UPDATING.
    UpdatingOfStopped {
        /// It stays STOPPED.
        Hidden,
        /// It is UPDATING for a while, then STOPPED again.
        Shown,
    }
}

switch! {
    /// What decides between disk and network at boot.
    BootSelection {
        /// The boot flag of the DISK, as in 2015; `bootOrder` is ignored.
        Flag,
        /// The first of `bootOrder`, as in 2018; flags are ignored where there is an order.
        Order,
    }
}

switch! {
    /// Whether fields that the service does not know are kept.
    UnknownFields {
        /// They come back as they were sent.
        Stored,
        /// They are gone.
        Dropped,
    }
}

switch! {
    /// What a GET of a VM without an aspect returns.
    DefaultAspect {
        /// The VM of the design.
        Design,
        /// The VM of the deployment.
        Deployment,
    }
}

switch! {
    /// How large identifiers are.
    IdSize {
        /// 13 digits for applications, 16 for VMs and their parts.
        Realistic,
        /// All beyond 2^53, where doubles lose the last digits.
        Huge,
        /// Counted from 2.
        Small,
    }
}

switch! {
    /// Whether WAITING_TO_START and WAITING_TO_STOP appear.
    WaitingStates {
        /// They do not.
        Hidden,
        /// They come before STARTING and STOPPING.
        Shown,
    }
}

switch! {
    /// What becomes of a VM whose guest ignores `shutdown` for its `stopTimeOut`.
    HungShutdown {
        /// It is STARTED again.
        ReturnsToStarted,
        /// It is STOPPING for ever.
        StaysStopping,
    }
}

switch! {
    /// Where `repair` ends.
    RepairEnds {
        /// Where the VM rested last.
        LastRest,
        /// STARTED.
        Started,
        /// STOPPED.
        Stopped,
    }
}

switch! {
    /// What one unfit VM does to an action on several.
    BatchRefusal {
        /// All of them are refused.
        WholeBatch,
        /// The unfit ones are skipped.
        UnfitOnly,
    }
}

switch! {
    /// The success status of actions.
    ActionStatus {
        /// 202.
        Accepted,
        /// 200.
        Ok,
    }
}

switch! {
    /// Whether GET and PUT answer with `Content-Location`.
    ContentLocation {
        /// They do not, as observed.
        Absent,
        /// They do, as the vendor's SDK expects.
        Present,
    }
}

switch! {
    /// Whether a refusal has a body beside its headers.
    ErrorBody {
        /// It has none.
        Absent,
        /// It has `operationMessages`, as some refusals had.
        OperationMessages,
    }
}

switch! {
    /// Whether a VM that is being created can be seen already.
    FreshVms {
        /// It can.
        Visible,
        /// It is missing in the deployment, and 404 if asked for, as long as it is PUBLISHING.
        MissingAtFirst,
    }
}
