#include "console/format.h"
#include "console/reconcile.h"
#include "console/table.h"
#include "console/text.h"
#include "console/views.h"

namespace jetway::console {

std::string ledger_text(const Reconciled& books, bool colour) {
    Table links({"LINK", {"SENT", true}, {"RECEIVED", true}, {"ON ITS WAY", true}, "QUEUED"});
    for (const LinkRow& row : books.links) {
        links.add({row.from + " → " + row.to, format_count(row.sent),
                   row.known ? format_count(row.received) : "",
                   row.known ? format_count(row.on_its_way) : "",
                   row.queued_bytes > 0 ? format_bytes(row.queued_bytes) : ""});
    }
    Table services(
        {"SERVICE", "MACHINE", {"DELIVERED", true}, {"SENT", true}, "REFUSED", "QUEUED"});
    for (const ServiceRow& row : books.services) {
        services.add({row.service, row.machine, format_count(row.delivered), format_count(row.sent),
                      row.refused, row.queued_bytes > 0 ? format_bytes(row.queued_bytes) : ""});
    }
    std::string text;
    if (!links.empty()) {
        text += links.text(colour) + "\n";
    }
    if (!services.empty()) {
        text += services.text(colour) + "\n";
    }
    for (const std::string& fault : books.faults) {
        text += paint(printable(fault), Tone::bad, colour) + "\n";
    }
    return books.faults.empty() ? text + "every number adds up\n" : text;
}

}  // namespace jetway::console
