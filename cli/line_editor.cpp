#include "cli/line_editor.h"

#include <fcntl.h>
#include <histedit.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <clocale>
#include <cstdio>
#include <cwchar>
#include <filesystem>

#include "console/completion.h"

namespace jetway::cli {

struct LineEditor::Libedit {
    Hooks hooks;
    std::string history_file;
    std::string prompt;
    bool given_up = false;
    EditLine* edit = nullptr;
    History* past = nullptr;
    HistEvent event{};

    static Libedit& of(EditLine* edit) {
        void* self = nullptr;
        el_get(edit, EL_CLIENTDATA, &self);
        return *static_cast<Libedit*>(self);
    }

    static char* prompt_of(EditLine* edit) { return of(edit).prompt.data(); }

    // A key, as libedit wants it: a wide character, from UTF-8.
    static int key(EditLine* edit, wchar_t* into) {
        Libedit& self = of(edit);
        std::mbstate_t state{};
        for (;;) {
            if (!self.hooks.wait_for_key()) {
                self.given_up = true;
                return 0;
            }
            char byte = 0;
            const ssize_t count = ::read(STDIN_FILENO, &byte, 1);
            if (count < 0 && errno == EINTR) {
                continue;
            }
            if (count <= 0) {
                return static_cast<int>(count);
            }
            const std::size_t used = std::mbrtowc(into, &byte, 1, &state);
            if (used == static_cast<std::size_t>(-1)) {
                state = {};  // no character: it is left out
            } else if (used != static_cast<std::size_t>(-2)) {
                return 1;
            }
        }
    }

    // Completes as far as it is sure; where nothing more is sure, shows what there is.
    static unsigned char complete(EditLine* edit, int /*key*/) {
        Libedit& self = of(edit);
        const LineInfo* info = el_line(edit);
        const std::string before(info->buffer, info->cursor);
        const std::vector<std::string> words = self.hooks.complete(before);
        if (words.empty()) {
            return CC_REFRESH_BEEP;
        }
        const std::size_t blank = before.find_last_of(" \t");
        const std::string word = blank == std::string::npos ? before : before.substr(blank + 1);
        const std::string sure = console::common_beginning(words);
        std::string more = sure.size() > word.size() ? sure.substr(word.size()) : std::string();
        if (words.size() == 1) {
            more += ' ';
        }
        if (!more.empty()) {
            el_insertstr(edit, more.c_str());
            return CC_REFRESH;
        }
        std::fputc('\n', stdout);
        std::size_t widest = 0;
        for (const std::string& one : words) {
            widest = std::max(widest, one.size());
        }
        const std::size_t columns = std::max<std::size_t>(1, 78 / (widest + 2));
        for (std::size_t i = 0; i < words.size(); ++i) {
            const bool last = (i + 1) % columns == 0 || i + 1 == words.size();
            std::fprintf(stdout, "%-*s%s", static_cast<int>(last ? 0 : widest + 2),
                         words[i].c_str(), last ? "\n" : "");
        }
        std::fflush(stdout);
        return CC_REDISPLAY;
    }

    void open_past() {
        past = history_init();
        history(past, &event, H_SETSIZE, most_history);
        history(past, &event, H_SETUNIQUE, 1);
        if (!history_file.empty()) {
            history(past, &event, H_LOAD, history_file.c_str());  // one that isn't there has none
        }
    }

    void remember(const std::string& line) {
        history(past, &event, H_ENTER, line.c_str());
        if (history_file.empty()) {
            return;
        }
        // Written beside and moved there: others may do the same, and what was there stays whole.
        const std::string beside = history_file + "." + std::to_string(::getpid());
        const int file = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (file < 0) {
            return;
        }
        ::close(file);
        std::error_code failed;
        if (history(past, &event, H_SAVE, beside.c_str()) < 0) {
            std::filesystem::remove(beside, failed);
        } else {
            std::filesystem::rename(beside, history_file, failed);
        }
    }
};

LineEditor::LineEditor(Hooks hooks, std::string history_file) : libedit_(std::make_unique<Libedit>()) {
    libedit_->hooks = std::move(hooks);
    libedit_->history_file = std::move(history_file);
    std::setlocale(LC_CTYPE, "");
    if (std::string_view(std::setlocale(LC_CTYPE, nullptr)) == "C") {
        std::setlocale(LC_CTYPE, "C.UTF-8");
    }
    EditLine* edit = el_init("jetway", stdin, stdout, stderr);
    libedit_->edit = edit;
    libedit_->open_past();
    el_set(edit, EL_CLIENTDATA, libedit_.get());
    el_set(edit, EL_PROMPT, &Libedit::prompt_of);
    el_set(edit, EL_EDITOR, "emacs");
    el_set(edit, EL_HIST, &::history, libedit_->past);
    el_set(edit, EL_ADDFN, "complete", "Complete the word", &Libedit::complete);
    el_set(edit, EL_BIND, "^I", "complete", nullptr);
    el_set(edit, EL_BIND, "^R", "em-inc-search-prev", nullptr);
    el_source(edit, nullptr);  // what its user set for all programs, ~/.editrc
    el_set(edit, EL_GETCFN, &Libedit::key);
}

LineEditor::~LineEditor() {
    history_end(libedit_->past);
    el_end(libedit_->edit);
}

LineEditor::Read LineEditor::read(const std::string& prompt) {
    libedit_->prompt = prompt;
    libedit_->given_up = false;
    int count = 0;
    const char* text = el_gets(libedit_->edit, &count);
    if (libedit_->given_up) {
        el_reset(libedit_->edit);
        return {End::given_up, {}};
    }
    if (text == nullptr || count <= 0) {
        return {End::end_of_input, {}};
    }
    std::string line(text, static_cast<std::size_t>(count));
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) {
        line.pop_back();
    }
    if (line.find_first_not_of(" \t") != std::string::npos) {
        libedit_->remember(line);
    }
    return {End::line, std::move(line)};
}

}  // namespace jetway::cli
