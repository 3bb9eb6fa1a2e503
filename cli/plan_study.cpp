#include "cli/plan_study.h"

namespace jetway::cli {

bool PlanStudy::loses() const {
    return !failed.unreachable.empty() || !changed.unreachable.empty() ||
           !changed.machines_go.empty();
}

base::Result<PlanStudy> study_plan(std::string file, const config::Deployment& deployment,
                                   const Failures& failures) {
    Rehearsal rehearsal(deployment);
    base::Result<Reach> reach = rehearsal.settle();
    if (!reach) {
        return reach.error();
    }
    PlanStudy study;
    study.file = std::move(file);
    study.topology = rehearsal.topology();
    study.reach = std::move(*reach);
    study.took = rehearsal.took();
    study.single_points = find_single_points(study.topology, study.reach);
    study.findings = find_slips(deployment, study.reach);
    study.failures = failures;
    if (!failures.empty()) {
        rehearsal.fail(failures);
        base::Result<Reach> without = rehearsal.settle();
        if (!without) {
            return without.error();
        }
        study.failed_took = rehearsal.took();
        study.failed = compare(study.reach, *without);
        study.without = std::move(*without);
    }
    return study;
}

void study_against_live(PlanStudy& study, Reach live) {
    Reach then = study.reach;
    for (const auto& [machine, services] : live.services) {
        if (then.has(machine)) {
            then.services[machine].insert(services.begin(), services.end());
        }
    }
    study.live = true;
    study.changed = compare(live, then);
    study.changed.services_go = compare(live, study.reach).services_go;
    study.changed.rerouted =
        0;  // of equal ways a mesh keeps the one that it happened to hear first
    study.old = std::move(live);
}

void study_against(PlanStudy& study, std::string file, Reach old) {
    study.against = std::move(file);
    study.changed = compare(old, study.reach);
    study.old = std::move(old);
}

}  // namespace jetway::cli
