// Session: one who types at a debug terminal: a line of text in, text out. A pure machine; the
// shell moves the bytes, asks the control requests, and says what came when.
//
//     idle --line--> running a command --finish--> idle            the answer's text, then its end
//                        |  lines wait meanwhile
//                        +--it follows: the next line ends it--> idle, or that line's command
//
// An answer ends with an empty line, or, once asked for by `prompt`, with a prompt. Lines that make
// no sense are answered `error: …`, and nothing of what was typed is ever repeated raw.
//
// Promises. Of input at most what one read brought and `input` bytes are kept: wants_input() says
// when to stop reading. Output is bounded by `output` and the text of one answer: while more than
// that waits, no command begins, and events are left out and counted ("37 events lost"). Each
// question has a deadline. A session that nothing is asked of has none: it costs nothing, and is
// never ended for it.
// Left to others: who may connect, and what they may change (the router's); readers that don't read
// at all.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "console/command.h"
#include "console/line_reader.h"
#include "console/words.h"

namespace jetway::console {

class Session final : private Host {
public:
    static constexpr std::size_t longest_line = 4'096;
    static constexpr std::size_t input = 65'536;   // bytes of lines that wait
    static constexpr std::size_t output = 65'536;  // bytes that were not taken, see above

    // How an answer ends.
    enum class Ending { empty_line, prompt, nothing };

    struct Options {
        std::string machine;  // whose router this is
        std::string at{};     // where it looks from at first; empty: there
        Ending ending = Ending::empty_line;
        bool colour = false;
        // This end's own address, `client-…@machine-a`; empty: nothing can be traced.
        std::function<std::string()> address{};
        // Whether a token is the right one; empty: none is asked for.
        std::function<bool(std::string_view token)> check_token{};
    };

    // What time it is.
    struct Moment {
        base::Instant now{};
        WallTime wall{};
    };

    explicit Session(Options options);
    ~Session() override;
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    void on_bytes(base::ByteView bytes, Moment moment);
    // Nothing more will be typed: what was is done still, then it ends.
    void on_end(Moment moment);
    // Ends what runs, or is waited for. As Ctrl-C does.
    void interrupt(Moment moment);

    // What came for a question, of `many` each. Unknown numbers are ignored.
    void on_answer(std::uint64_t question, const base::Result<envelope::Json>& answer,
                   std::string_view source, Moment moment);
    bool waits_for(std::uint64_t question) const { return asked_.count(question) != 0; }

    // At wake_at() or later.
    void on_time(Moment moment);
    base::Instant wake_at() const;

    struct Asked {
        std::uint64_t number = 0;  // 0: no answer is waited for
        Question question;
    };
    // What to ask, since the last call. The shell need not hear of deadlines.
    std::vector<Asked> take_questions();

    // What to write; call again when it is written.
    std::string take_output(Moment moment);
    std::size_t output_size() const { return output_.size(); }

    bool wants_input() const { return !ended() && lines_.waiting() < input; }
    // It ended: what there is of output is the last.
    bool ended() const { return ended_; }
    // Nothing runs, and no line waits.
    bool idle() const { return command_ == nullptr && lines_.waiting() == 0; }
    // The one that runs ends only with the next line.
    bool follows() const { return command_ != nullptr && command_->follows(); }

    const std::string& at() const { return machine_; }
    std::string prompt() const;

    struct Counters {
        std::uint64_t lines = 0;
        std::uint64_t refused = 0;  // lines that made no sense
        std::uint64_t lost = 0;     // events
    };
    const Counters& counters() const { return counters_; }

private:
    struct Pending {
        base::Instant deadline{};
        bool many = false;
        bool control = false;  // its answer is an object
        std::string about;
    };

    std::uint64_t ask(Question question) override;
    void tell(Question question) override { questions_.push_back({0, std::move(question)}); }
    std::string_view source() const override { return source_; }
    std::string address() override { return options_.address ? options_.address() : std::string(); }
    void forget(std::uint64_t question) override { asked_.erase(question); }
    void print(const std::string& text) override;
    void print_event(const std::string& line) override;
    void count_lost_events(std::uint64_t count) override;
    void complain(const std::string& about, const base::Error& error) override;
    void finish() override { finished_ = true; }
    base::Instant now() const override { return moment_.now; }
    WallTime wall() const override { return moment_.wall; }
    const std::string& home() const override { return options_.machine; }
    const std::string& machine() const override { return machine_; }
    Level level() const override;
    bool colour() const override { return options_.colour; }

    bool is_full() const { return output_.size() >= output; }
    void go_on();
    void run_line(const LineReader::Line& line);
    void end_command();
    void end_answer();
    void refuse(const std::string& why);
    void tell_lost();

    // The verbs that are the session's own; nothing, or what is wrong.
    base::Result<void> run_own(const Words& words);
    base::Result<void> set_machine(const Words& words);
    base::Result<void> set_level(const Words& words);
    base::Result<void> set_prompt(const Words& words);
    base::Result<void> help(const Words& words);
    void take_token(const Words& words);

    Options options_;
    std::string machine_;
    Moment moment_;
    LineReader lines_;
    bool no_more_input_ = false;
    bool ended_ = false;
    bool admitted_;

    CommandPtr command_;
    bool finished_ = false;
    std::map<std::uint64_t, Pending> asked_;
    std::vector<Asked> questions_;  // not taken yet
    std::uint64_t last_question_ = 0;
    std::string source_;  // of the answer that is being told

    Level level_ = Level::info;
    base::Instant level_until_ = base::never;
    std::string output_;
    std::uint64_t lost_ = 0;  // events, since it was told
    Counters counters_;
};

}  // namespace jetway::console
