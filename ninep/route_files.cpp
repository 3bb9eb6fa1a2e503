#include "ninep/route_files.h"

#include "ninep/event_lines.h"
#include "ninep/listings.h"

namespace jetway::ninep {

namespace {

// What a control request refused, as a file's error.
base::Error as_file_error(const base::Error& why) {
    const char* code = why.code == "forbidden" ? "EACCES" : "EINVAL";
    return error(code, why.code == "forbidden" ? std::string() : why.detail);
}

}  // namespace

base::Result<void> CommandFile::begin(const OpenMode& mode) {
    if ((mode.write || mode.truncate) && !client().may_change) {
        client().last_error = "permission denied: this connection may not change the router";
        return error("EACCES");
    }
    return TextFile::begin(mode);
}

base::Result<void> CommandFile::command(std::string_view lines) {
    const base::Result<std::vector<router::ControlRequest>> requests = read_(lines);
    if (!requests) {
        return requests.error();
    }
    const base::Result<void> done = tree().outside().command(*requests, client().arrival);
    if (!done) {
        client().last_error = done.error().detail;
        return as_file_error(done.error());
    }
    return {};
}

void CommandFile::write(std::uint64_t /*offset*/, base::Bytes data, Reply<std::uint32_t> reply) {
    if (!client().may_change) {
        reply(error("EACCES"));
        return;
    }
    if (const base::Result<void> done = command(base::as_text(data)); !done) {
        if (!done.error().detail.empty()) {
            client().last_error = done.error().detail;
        }
        reply(done.error());
        return;
    }
    reply(static_cast<std::uint32_t>(data.size()));
}

EventFile::~EventFile() {
    tree().unwatch_events(watcher_);
}

base::Result<void> EventFile::begin(const OpenMode& /*mode*/) {
    after_ = tree().events().newest();
    watcher_ = tree().watch_events([this] { serve(); });
    return {};
}

void EventFile::read(std::uint64_t /*offset*/, std::uint32_t count, Reply<base::Bytes> reply) {
    parked_.add(count, reply);
    serve();
    reply.park();
}

void EventFile::serve() {
    while (const std::uint32_t count = parked_.wanted()) {
        if (at_end_) {
            at_end_ = false;
            parked_.take()->reply(base::Bytes{});
            continue;
        }
        if (rest_.empty()) {
            rest_ = next_event_lines(tree().events(), after_, count);
        }
        if (rest_.empty()) {
            return;
        }
        base::Bytes part = part_of(rest_, 0, count);
        rest_.erase(0, part.size());
        at_end_ = with_end_ && rest_.empty();
        parked_.take()->reply(std::move(part));
    }
}

void ExplainFile::write(std::uint64_t /*offset*/, base::Bytes data, Reply<std::uint32_t> reply) {
    std::string_view destination = base::as_text(data);
    while (!destination.empty() && static_cast<unsigned char>(destination.back()) <= ' ') {
        destination.remove_suffix(1);
    }
    router::ControlRequest request{.name = "explain", .texts = {}, .flags = {}, .numbers = {}};
    request.texts.emplace("destination", destination);
    const base::Result<Json> answer = tree().outside().ask(request, client().arrival);
    if (!answer) {
        reply(as_file_error(answer.error()));
        return;
    }
    decision_ = fields_text(*answer);
    given_ = 0;
    reply(static_cast<std::uint32_t>(data.size()));
}

void ExplainFile::read(std::uint64_t /*offset*/, std::uint32_t count, Reply<base::Bytes> reply) {
    base::Bytes part = part_of(decision_, given_, count);
    given_ += part.size();
    reply(std::move(part));
}

}  // namespace jetway::ninep
