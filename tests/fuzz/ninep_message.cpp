// Messages of 9P: any bytes as one message, as a stream, as entries of a directory, in both
// dialects. What can be read is written as it was, and translates without loss where that is said.
#include "ninep/errors.h"
#include "ninep/message.h"
#include "ninep/translate.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/targets.h"

namespace jetway::fuzz {

namespace {

using ninep::Dialect;
using ninep::Message;
using ninep::Type;

constexpr std::uint32_t most = 4096;

void check_open(const Message& message) {
    constexpr std::uint8_t cexec = 0x20;
    if (const auto mode = ninep::read_open(message.mode)) {
        ensure(ninep::plain_open(*mode) == (message.mode & ~cexec), "a mode is written as it was");
    }
    if (const auto mode = ninep::read_linux_open(message.flags)) {
        const auto again = ninep::read_linux_open(ninep::linux_open(*mode));
        ensure(again && again->read == mode->read && again->write == mode->write &&
                   again->truncate == mode->truncate && again->append == mode->append,
               "flags say the same when written and read");
    }
}

void check_changes(const ninep::Changes& changes) {
    const ninep::Changes wstat = *ninep::read_wstat(ninep::to_wstat(changes));
    const bool unset = changes.mode_set && changes.mode == 0xffff'ffff;
    ensure(unset || wstat.mode_set == changes.mode_set, "a change of mode is told");
    ensure(wstat.name == changes.name || !changes.name_set, "a new name is told");
    const ninep::Changes setattr = ninep::read_setattr(ninep::to_setattr(changes));
    ensure(setattr.length == changes.length && setattr.length_set == changes.length_set,
           "a new length is told");
}

void check_translation(const Message& message) {
    check_open(message);
    if (message.type == Type::twstat) {
        if (const auto changes = ninep::read_wstat(message.stat)) {
            check_changes(*changes);
        }
    } else if (message.type == Type::tsetattr) {
        const ninep::Changes changes = ninep::read_setattr(message.new_attributes);
        ninep::to_setattr(changes);
        ninep::to_wstat(changes);
    } else if (message.type == Type::rstat) {
        const ninep::About about = ninep::from_stat(message.stat);
        const ninep::Stat stat = ninep::to_stat(about);
        ensure(stat.name == message.stat.name && stat.uid == message.stat.uid &&
                   stat.mtime == message.stat.mtime && stat.qid == message.stat.qid,
               "a stat is told as it was");
        ninep::to_attributes(about);
    } else if (message.type == Type::rgetattr) {
        ninep::to_stat(ninep::from_attributes(message.attributes, "name"));
    } else if (message.type == Type::rerror) {
        const base::Error error = ninep::from_words(message.ename);
        ensure(message.ename.empty() || ninep::words_of(error) == message.ename.substr(0, 255),
               "words stay words");
    }
}

void check_views(const Message& m, base::ByteView bytes) {
    for (const std::string_view text :
         {m.version, m.uname, m.aname, m.name, m.name2, m.ename, m.stat.name, m.stat.muid}) {
        ensure(text.empty() || within(text, bytes), "a view is of its message");
        ensure(text.find('\0') == std::string_view::npos, "a string has no NUL");
    }
    ensure(within(m.data, bytes) && m.data.size() == m.count, "data is of its message");
}

void one(base::ByteView bytes, Dialect dialect) {
    const base::Result<Message> message = ninep::read_message(bytes, dialect);
    if (!message) {
        ensure(!message.error().detail.empty(), "a refusal has words");
        return;
    }
    ensure(ninep::known(message->type, dialect), "what is read is of the dialect");
    base::Bytes written;
    ninep::append_message(written, *message, dialect);
    const bool shortened =
        message->type == Type::tfsync && bytes.size() + sizeof message->datasync == written.size();
    ensure(shortened || same_bytes(written, bytes), "what is read is written as it was");
    if (message->type != Type::tread && message->type != Type::treaddir &&
        message->type != Type::rwrite) {
        check_views(*message, bytes);
    }
    check_translation(*message);
}

// Cut where the end of the input says, the stream yields the same.
void stream(base::ByteView bytes) {
    ninep::MessageReader whole;
    whole.set_most(most);
    std::vector<base::Bytes> expected;
    const bool fine = whole
                          .feed(bytes,
                                [&](base::ByteView message) {
                                    expected.emplace_back(message.begin(), message.end());
                                    return true;
                                })
                          .has_value();
    ninep::MessageReader reader;
    reader.set_most(most);
    std::size_t seen = 0;
    bool good = true;
    for (std::size_t at = 0, step = bytes.empty() ? 1 : bytes.back() % 37U + 1;
         at < bytes.size() && good; at += step) {
        good = reader
                   .feed(bytes.subspan(at, std::min(step, bytes.size() - at)),
                         [&](base::ByteView message) {
                             ensure(seen < expected.size() && same_bytes(message, expected[seen]),
                                    "a stream cut anywhere yields the same messages");
                             ++seen;
                             return true;
                         })
                   .has_value();
        ensure(reader.held() < most, "less than a message is kept");
    }
    ensure(good == fine && seen == expected.size(), "and ends the same");
}

void entries(base::ByteView bytes) {
    ninep::Stat stat;
    for (base::ByteView left = bytes; !left.empty();) {
        const base::ByteView before = left;
        if (!ninep::take_stat(left, stat)) {
            break;
        }
        base::Bytes written;
        ninep::append_stat(written, stat);
        ensure(same_bytes(written, before.first(before.size() - left.size())),
               "a stat is written as it was read");
    }
    ninep::LinuxEntry entry;
    for (base::ByteView left = bytes; !left.empty();) {
        const base::ByteView before = left;
        if (!ninep::take_entry(left, entry)) {
            break;
        }
        base::Bytes written;
        ninep::append_entry(written, entry);
        ensure(same_bytes(written, before.first(before.size() - left.size())),
               "an entry is written as it was read");
    }
}

}  // namespace

void ninep_message(base::ByteView bytes) {
    // The size is not for the fuzzer to guess; a wrong one is what stream() is for.
    if (bytes.size() >= ninep::message_header) {
        base::Bytes message(bytes.begin(), bytes.end());
        for (std::size_t i = 0; i < 4; ++i) {
            message[i] = static_cast<std::uint8_t>(message.size() >> (8 * i));
        }
        one(message, Dialect::plain);
        one(message, Dialect::linux);
    }
    one(bytes, Dialect::plain);
    stream(bytes);
    entries(bytes);
}

}  // namespace jetway::fuzz
