// The texts of the views: what a person reads of the answers to control requests (docs/protocol.md,
// "Requests to router@machine"), for every face alike. Each takes the answer's object, whatever is
// in it, and whether there is colour; every line ends in a newline. Beside these: graph_text.h,
// ping_report.h.
#pragma once

#include <string>

#include "console/moment.h"
#include "console/reconcile.h"
#include "console/table.h"
#include "envelope/json.h"

namespace jetway::console {

std::string status_text(const envelope::Json& answer, bool colour);
std::string routes_text(const envelope::Json& answer, bool colour);
std::string services_text(const envelope::Json& answer, bool colour);
std::string terminals_text(const envelope::Json& answer, bool colour);
std::string neighbours_text(const envelope::Json& answer, bool colour);
std::string refusals_text(const envelope::Json& answer, bool colour);
std::string explain_text(const envelope::Json& answer, bool colour);
std::string policies_text(const envelope::Json& answer, bool colour);

// Of changes that have a `time`, in an answer that has one, too, as `stamp` adds them. The oldest
// first, as a log has it.
std::string history_text(const envelope::Json& answer, bool colour);
// Adds to an answer that came at `now`, and to each of its `changes`, its `time`, of its age.
void stamp(envelope::Json& history, WallTime now);

// What all routers' ledgers say together; its faults follow the tables.
std::string ledger_text(const Reconciled& books, bool colour);

// One sentence: of the answer to `register` and `deregister`.
std::string registration_text(const envelope::Json& answer);
// What is draining still, without a newline: "web (2 instances, 1.5 KiB queued)".
std::string draining_text(const envelope::Json& answer);
// Whether all of it is: the service, or with an empty one the router.
bool is_drained(const envelope::Json& answer, const std::string& service);
// One sentence, when it is, or when it was undone.
std::string drained_text(const std::string& machine, const std::string& service, bool undone);

// A state or health as a cell, coloured by its meaning.
Cell state_cell(const std::string& state);

}  // namespace jetway::console
