//! The checker bites: with a rule broken on purpose it finds a way to show it.

use machine::{Phase, PowerRequest};

use crate::mutant::Mutant::{self, *};
use crate::search::search;
use crate::world::{Budget, Setup};
use crate::{CYCLES, NONE, anybody, ironic, setup};

fn deploy(budget: Budget) -> Setup {
    setup("deploy", vec![ironic(&CYCLES, 0)], budget)
}

fn repeating_deploy() -> Setup {
    setup("deploy", vec![ironic(&[PowerRequest::Reset], 1)], NONE)
}

fn requests(phase: Phase, requests: u8, budget: Budget) -> Setup {
    setup("anybody", vec![anybody(phase, requests)], budget)
}

fn all() -> Vec<(Mutant, Setup)> {
    let (on, off) = (Phase::On, Phase::Off);
    let crash = Budget { crashes: 1, ..NONE };
    let late = Budget { late: 1, ..NONE };
    let refused = Budget { refused: 2, ..NONE };
    let others = Budget { meddling: 1, ..NONE };
    vec![
        (PublishesAtOnce, deploy(NONE)),
        (WritesAtOnce, deploy(others)),
        (AppliesOnGuestReboot, deploy(NONE)),
        (ForgetsDevice, deploy(NONE)),
        (SkipsGuard, deploy(others)),
        (StartsBeforePublishIsSeen, deploy(refused)),
        (RepeatsStartWithNewDevice, deploy(others)),
        (DropsIntentAtRestart, deploy(crash)),
        (AcknowledgesFirst, deploy(crash)),
        (RepeatedResetIsNew, repeating_deploy()),
        (DropsOnWhileGoingOff, requests(on, 2, NONE)),
        (OneShotIsNeverUsedUp, requests(on, 3, NONE)),
        (OneShotIsUsedUpWhenSent, requests(off, 2, crash)),
        (ForgetsOvertakenStart, requests(on, 3, NONE)),
        (StartIsNotMarked, requests(on, 3, NONE)),
        (SeenStartIsRepeated, requests(off, 1, others)),
        (RemovesTagEarly, deploy(NONE)),
        (DoesNotWaitForRest, requests(on, 1, late)),
        (NeverTakesBack, deploy(refused)),
        (DoesNotSettle, requests(off, 2, late)),
        (DoesNotSettleAfterRestart, requests(off, 2, Budget { crashes: 1, ..late })),
        (UsesOldLooks, requests(off, 2, late)),
        (GivesUpSilently, requests(on, 1, refused)),
    ]
}

#[test]
fn every_broken_rule_is_found() {
    let mut survivors = Vec::new();
    for (mutant, setup) in all() {
        let (_, counterexample, extent) = search(setup, mutant);
        match counterexample {
            Some(found) => {
                println!("{mutant:?}: \"{}\" in {} actions ({extent})", found.rule, found.actions.len());
            }
            None => survivors.push(mutant),
        }
    }
    assert!(survivors.is_empty(), "not noticed: {survivors:?}");
}
