// Asker: a client's requests as the input chooses them, whole, with tags that are free; and what it
// expects of their answers.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "base/ensure.h"
#include "ninep/message.h"
#include "tests/fuzz/input.h"
#include "tests/ninep/wire.h"

namespace jetway::fuzz {

inline std::string attach(unsigned tag, unsigned fid, ninep::Dialect dialect) {
    using namespace tests;
    return wire(104, tag, u32(fid), u32(ninep::no_fid), s("u"), s(""),
                dialect == ninep::Dialect::linux ? u32(0) : std::string());
}

class Asker {
public:
    // Walks are along these names, 8 fids are used.
    Asker(ninep::Dialect dialect, std::vector<std::string> names)
        : dialect_(dialect), names_(std::move(names)) {}

    // Every request was answered or flushed.
    bool is_answered() const { return asked_.empty(); }

    std::string ask(std::size_t choice, Input& input) {
        using namespace tests;
        const unsigned tag = free_tag();
        const unsigned fid = input.byte() % 8;
        const unsigned other = input.byte();
        std::string request;
        switch (choice % 14) {
            case 0:
            case 1:
                request = walk(tag, fid, other % 8, input);
                break;
            case 2:
                request = wire(110, tag, u32(fid), u32(other % 8), u16(0));
                break;
            case 3:
            case 4:
                request = linux() ? wire(12, tag, u32(fid), u32(other & 3U))
                                  : wire(112, tag, u32(fid), u8(other & 0x13U));
                break;
            case 5:
            case 6:
                request = wire(116, tag, u32(fid), u64(other / 8), u32(200));
                break;
            case 7:
                request = write(tag, fid, other, input);
                break;
            case 8:
                request = wire(other == 0 ? 122 : 120, tag, u32(fid));
                break;
            case 9:
                request = linux() ? wire(24, tag, u32(fid), u64(0x7ff)) : wire(124, tag, u32(fid));
                break;
            case 10:
                request = attach(tag, fid, dialect_);
                break;
            case 11:
                request = linux() ? wire(40, tag, u32(fid), u64(other), u32(200))
                                  : wire(116, tag, u32(fid), u64(0), u32(200));
                break;
            case 12:
                request = special(tag, fid, other);
                break;
            default:
                request = flush(tag, other);
        }
        asked_[tag] = static_cast<ninep::Type>(request[4]);
        return request;
    }

    void on_answer(const ninep::Message& message) {
        using ninep::Type;
        if (message.type == Type::rversion) {
            return;
        }
        const auto found = asked_.find(message.tag);
        ensure(found != asked_.end(), "an answer is of a request, once, and not after its flush");
        const bool error = message.type == Type::rlerror || message.type == Type::rerror;
        ensure(
            error ? found->second != Type::tflush : message.type == ninep::answer_of(found->second),
            "and of its type; a flush is never an error");
        asked_.erase(found);
        if (message.type == Type::rflush) {
            const auto flush = flushes_.find(message.tag);
            const auto flushed = asked_.find(flush->second);
            ensure(flushed == asked_.end() || flushed->second != Type::tflush,
                   "flushes are answered in their order");
            if (flushed != asked_.end()) {
                asked_.erase(flushed);
            }
            flushes_.erase(flush);
        }
    }

private:
    bool linux() const { return dialect_ == ninep::Dialect::linux; }

    std::string walk(unsigned tag, unsigned fid, unsigned newfid, Input& input) const {
        using namespace tests;
        const std::size_t count = 1 + input.below(4);
        std::string all;
        for (std::size_t i = 0; i < count; ++i) {
            all += s(names_[input.byte() % names_.size()]);
        }
        return wire(110, tag, u32(fid), u32(newfid), u16(count), all);
    }

    // Something that a file may understand, or any bytes.
    std::string write(unsigned tag, unsigned fid, unsigned other, Input& input) const {
        using namespace tests;
        std::string data(base::as_text(input.bytes(other % 32)));
        if (other >= 128) {
            data = names_[other % names_.size()] + ' ' + names_[other / 3 % names_.size()] + '\n';
        } else if (other >= 96) {
            data.resize(100, 'w');
        }
        return wire(118, tag, u32(fid), u64(other), u32(data.size()), data);
    }

    std::string special(unsigned tag, unsigned fid, unsigned other) const {
        using namespace tests;
        const std::string name = s(names_[other % names_.size()]);
        if (!linux()) {
            return wire(114, tag, u32(fid), name, u32(0644), u8(other & 3U));
        }
        switch (other / 64) {
            case 0:
                return wire(30, tag, u32(fid), u32(other % 8), name);  // Txattrwalk
            case 1:
                return wire(8, tag, u32(fid));  // Tstatfs
            case 2:
                return wire(74, tag, u32(fid), name, u32(other % 8), s("renamed"));  // Trenameat
            default:
                return wire(14, tag, u32(fid), name, u32(1), u32(0644), u32(0));  // Tlcreate
        }
    }

    // Of something that was asked, if there is anything.
    std::string flush(unsigned tag, std::size_t which) {
        using namespace tests;
        auto at = asked_.begin();
        std::advance(at, asked_.empty() ? 0 : which % asked_.size());
        const unsigned old = asked_.empty() ? 999 : at->first;
        flushes_[tag] = old;
        return wire(108, tag, u16(old));
    }

    // One that is not used, nor waits to be free by a flush.
    unsigned free_tag() const {
        unsigned tag = 0;
        const auto taken = [this](unsigned which) {
            return asked_.count(which) > 0 ||
                   std::any_of(flushes_.begin(), flushes_.end(),
                               [which](const auto& flush) { return flush.second == which; });
        };
        while (taken(tag)) {
            ++tag;
        }
        return tag;
    }

    ninep::Dialect dialect_;
    std::vector<std::string> names_;
    std::map<unsigned, ninep::Type> asked_;
    std::map<unsigned, unsigned> flushes_;  // what they flush
};

}  // namespace jetway::fuzz
