// LineEditor: a line that somebody types at a terminal, with editing, history and completion
// (libedit). While it waits for keys, whoever uses it runs what else there is to run.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace jetway::cli {

class LineEditor {
public:
    struct Hooks {
        // Returns when a key can be read from stdin; false: no more is wanted of this line.
        std::function<bool()> wait_for_key;
        // What the last word of the text before the cursor may become.
        std::function<std::vector<std::string>(const std::string& before)> complete;
    };

    // `history_file`: a file, read now and written after each line, for its owner alone, with the last
    // `most_history` lines; empty, or one that can't be used: there is none beyond this process.
    LineEditor(Hooks hooks, std::string history_file);
    ~LineEditor();
    LineEditor(const LineEditor&) = delete;
    LineEditor& operator=(const LineEditor&) = delete;

    static constexpr int most_history = 1'000;

    enum class End { line, given_up, end_of_input };
    struct Read {
        End end = End::line;
        std::string line;  // without its newline
    };
    Read read(const std::string& prompt);

private:
    struct Libedit;
    std::unique_ptr<Libedit> libedit_;
};

}  // namespace jetway::cli
