// Command: a verb of the debug terminal while it runs. It is told what came, asks routers what it
// needs, and says what a person reads; whoever runs it (session.h) knows the sockets' time, and
// bounds everything.
//
//     start --> ask … on_answer … print --> finish, after which nothing more is told
//
// A command that follows ends by itself never: the next line of input ends it.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "console/moment.h"
#include "envelope/json.h"

namespace jetway::console {

// A control request to the router of `machine`; or, with an address in `to`, an envelope to that.
struct Question {
    std::string request{};
    envelope::Json args{};  // null: none
    std::string machine{};
    std::string to{};
    envelope::Json data{};   // of that envelope
    std::string reply_to{};  // its own; empty: here
    bool traced = false;     // the routers on its way report here
    base::Duration timeout = std::chrono::seconds(5);
    bool many = false;  // has answers until forget(), or the timeout
};

enum class Level { debug, info, warning, error };

// What a command may do.
class Host {
public:
    virtual ~Host() = default;

    // The answer, or the error that came instead (`timeout`, too), is told by on_answer with this
    // number; never from within this call.
    virtual std::uint64_t ask(Question question) = 0;
    // The same, with no answer to wait for.
    virtual void tell(Question question) = 0;
    // Whose answer it is that on_answer tells of; empty: an error's.
    virtual std::string_view source() const = 0;
    // Where answers come to, as others write it; empty: there is no way to a router.
    virtual std::string address() = 0;
    virtual void forget(std::uint64_t question) = 0;

    // Whole lines, printable.
    virtual void print(const std::string& text) = 0;
    // One line more of many that may be left out, without its newline: where the reader is too
    // slow, it is told how many were.
    virtual void print_event(const std::string& line) = 0;
    virtual void count_lost_events(std::uint64_t count) = 0;
    // "error: <about>: <code>: <detail>"
    virtual void complain(const std::string& about, const base::Error& error) = 0;
    virtual void finish() = 0;

    virtual base::Instant now() const = 0;
    virtual WallTime wall() const = 0;
    virtual const std::string& home() const = 0;     // the machine whose router is asked first
    virtual const std::string& machine() const = 0;  // from where it is looked (`at`)
    virtual Level level() const = 0;                 // of events
    virtual bool colour() const = 0;
};

class Command {
public:
    virtual ~Command() = default;

    virtual void start(Host& host) = 0;
    virtual void on_answer(Host& host, std::uint64_t question,
                           const base::Result<envelope::Json>& answer) = 0;
    // At wake_at() or later.
    virtual void on_time(Host& /*host*/) {}
    virtual base::Instant wake_at() const { return base::never; }
    // The next line of input ends it.
    virtual bool follows() const { return false; }
};

using CommandPtr = std::unique_ptr<Command>;

}  // namespace jetway::console
