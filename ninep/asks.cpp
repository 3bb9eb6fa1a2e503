#include "ninep/asks.h"

#include <nlohmann/json.hpp>

#include "envelope/cursor.h"
#include "envelope/json.h"
#include "envelope/packer.h"
#include "ninep/errors.h"

namespace jetway::ninep {

namespace {

base::Result<base::Bytes> readable(base::ByteView data) {
    envelope::Cursor cursor(data);
    std::string_view text;
    base::ByteView bytes;
    if (data.empty()) {
        return base::Bytes{};
    }
    if (cursor.read_text(text)) {
        return base::Bytes(text.begin(), text.end());
    }
    if (cursor.read_binary(bytes)) {
        return base::Bytes(bytes.begin(), bytes.end());
    }
    const base::Result<envelope::Json> json = envelope::to_json(data);
    if (!json) {
        return error("EIO", "the answer's data is no msgpack: " + json.error().detail);
    }
    const std::string line = envelope::write_json(*json);
    return base::Bytes(line.begin(), line.end());
}

base::Error refusal(base::ByteView raw) {
    const envelope::ErrorFields fields = envelope::read_error(raw);
    const std::string& code = fields.code;
    const char* number = code == "no-route" || code == "no-instance" || code == "hop-limit"
                             ? "EHOSTUNREACH"
                         : code == "timeout"                                 ? "ETIMEDOUT"
                         : code == "forbidden" || code == "forbidden-source" ? "EACCES"
                                                                             : "EIO";
    return error(number, code + ": " + fields.message);
}

}  // namespace

base::Result<void> Asks::send(const Question& question, std::optional<AskId> id) {
    base::Bytes number;
    base::Bytes headers;
    base::Bytes data;
    envelope::EnvelopeFields fields;
    fields.destination = question.destination;
    fields.reply_to = question.reply_to;
    if (id) {
        envelope::Packer(number).number(*id);
        fields.id = number;
    }
    if (!question.headers.empty()) {
        envelope::Packer packer(headers);
        packer.map(question.headers.size());
        for (const auto& [key, value] : question.headers) {
            packer.text(key).text(value);
        }
        fields.headers = headers;
    }
    envelope::Packer(data).binary(question.data);
    fields.data = data;
    return send_(fields);
}

base::Result<void> Asks::tell(const Question& question) {
    return send(question, std::nullopt);
}

base::Result<AskId> Asks::ask(const Question& question, base::Instant now, OnAnswer on_answer) {
    if (asked_.size() >= most) {
        return error("EAGAIN", "too many requests are under way at this router");
    }
    const AskId id = next_++;
    const base::Instant due = now + question.timeout;
    asked_.emplace(id, Asked{due, std::move(on_answer)});
    due_.emplace(due, id);
    if (const base::Result<void> sent = send(question, id); !sent) {
        forget(id);
        return sent.error();
    }
    return id;
}

void Asks::forget(AskId id) {
    const auto found = asked_.find(id);
    if (found != asked_.end()) {
        due_.erase({found->second.due, id});
        asked_.erase(found);
    }
}

void Asks::give(AskId id, base::Result<base::Bytes> answer) {
    const auto found = asked_.find(id);
    if (found == asked_.end()) {
        ++unclaimed_;
        return;
    }
    const OnAnswer on_answer = std::move(found->second.on_answer);
    forget(id);
    on_answer(std::move(answer));
}

void Asks::on_envelope(const envelope::EnvelopeView& envelope) {
    std::uint64_t id = 0;
    envelope::Cursor cursor(envelope.in_reply_to);
    if (envelope.in_reply_to.empty() || !cursor.read_unsigned(id)) {
        ++unclaimed_;
    } else if (!envelope.error.empty()) {
        give(id, refusal(envelope.error));
    } else {
        give(id, readable(envelope.data));
    }
}

void Asks::on_deadline(base::Instant now) {
    while (!due_.empty() && due_.begin()->first <= now) {
        give(due_.begin()->second, error("ETIMEDOUT"));
    }
}

base::Instant Asks::next_deadline() const {
    return due_.empty() ? base::never : due_.begin()->first;
}

}  // namespace jetway::ninep
