#include "io/process.h"

#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include "base/ensure.h"
#include "io/loop_state.h"
#include "io/uv_error.h"

extern char** environ;

namespace jetway::io {
namespace {

using Stdio = SpawnOptions::Stdio;
using From = SpawnOptions::From;

constexpr std::size_t longest_line = std::size_t{64} << 10U;

std::vector<std::string> environment_with(
    const std::vector<std::pair<std::string, std::string>>& additions) {
    std::vector<std::string> all;
    for (char** at = environ; at != nullptr && *at != nullptr; ++at) {
        const std::string entry = *at;
        bool replaced = false;
        for (const auto& [name, value] : additions) {
            replaced = replaced || entry.substr(0, entry.find('=')) == name;
        }
        if (!replaced) {
            all.push_back(entry);
        }
    }
    for (const auto& [name, value] : additions) {
        std::string& entry = all.emplace_back(name);
        entry += '=';
        entry += value;
    }
    return all;
}

std::vector<char*> pointers_to(std::vector<std::string>& strings) {
    std::vector<char*> pointers;
    pointers.reserve(strings.size() + 1);
    for (std::string& string : strings) {
        pointers.push_back(string.data());
    }
    pointers.push_back(nullptr);
    return pointers;
}

}  // namespace

class Process::Child {
public:
    Child(Loop& loop, SpawnOptions options, std::function<void(int, int)> on_exit)
        : loop_(loop),
          options_(std::move(options)),
          on_exit_(std::move(on_exit)),
          alive_(std::make_shared<bool>(true)) {}

    ~Child() {
        *alive_ = false;
        if (running_) {
            ::kill(pid_, SIGKILL);
            while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
            }
        }
    }

    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    base::Result<void> start() {
        std::array<uv_stdio_container_t, 3> stdio{};
        connect(stdio);
        auto environment = environment_with(options_.environment);
        auto environment_pointers = pointers_to(environment);
        auto args = pointers_to(options_.args);
        uv_process_options_t uv{};
        uv.file = args[0];
        uv.args = args.data();
        uv.env = environment_pointers.data();
        uv.stdio = stdio.data();
        uv.stdio_count = static_cast<int>(stdio.size());
        uv.exit_cb = [](uv_process_t* process, std::int64_t status, int signal) {
            if (auto* self = static_cast<Child*>(process->data)) {
                self->ended(static_cast<int>(status), signal);
            }
        };
        auto process = std::make_unique<uv_process_t>();
        process->data = this;
        const int status = uv_spawn(&loop_.state().uv, process.get(), &uv);
        process_.reset(process.release());
        if (status < 0) {
            return uv_error(status, "can't start " + options_.args[0]);
        }
        running_ = true;
        pid_ = process_->pid;
        read_from(From::out);
        read_from(From::err);
        feed();
        return {};
    }

    void kill(int signal) {
        if (running_) {
            uv_process_kill(process_.get(), signal);
        }
    }

    bool running_ = false;
    pid_t pid_ = 0;
    base::Bytes output_;
    bool exceeded_ = false;

private:
    struct Input {
        uv_write_t uv{};
        Child* child = nullptr;
        base::Bytes bytes;
    };

    Handle<uv_pipe_s> make_pipe() {
        auto pipe = std::make_unique<uv_pipe_t>();
        ensure(uv_pipe_init(&loop_.state().uv, pipe.get(), 0) == 0, "libuv can make a pipe handle");
        pipe->data = this;
        return Handle<uv_pipe_s>(pipe.release());
    }

    void connect(std::array<uv_stdio_container_t, 3>& stdio) {
        for (std::size_t i = 0; i < stdio.size(); ++i) {
            stdio[i].flags = UV_INHERIT_FD;
            stdio[i].data.fd = static_cast<int>(i);
        }
        if (options_.stdio == Stdio::inherit) {
            return;
        }
        const auto pipe_to = [&](std::size_t i, Handle<uv_pipe_s>& pipe, int direction) {
            pipe = make_pipe();
            stdio[i].flags = static_cast<uv_stdio_flags>(UV_CREATE_PIPE | direction);
            stdio[i].data.stream = reinterpret_cast<uv_stream_t*>(pipe.get());
        };
        pipe_to(1, out_, UV_WRITABLE_PIPE);
        if (options_.stdio == Stdio::lines) {
            stdio[0].flags = UV_IGNORE;
            pipe_to(2, err_, UV_WRITABLE_PIPE);
        } else {
            pipe_to(0, in_, UV_READABLE_PIPE);
        }
    }

    void feed() {
        if (!in_) {
            return;
        }
        if (options_.input.empty()) {
            in_.reset();
            return;
        }
        auto input = std::make_unique<Input>();
        input->uv.data = input.get();
        input->bytes = std::move(options_.input);
        uv_buf_t view{reinterpret_cast<char*>(input->bytes.data()), input->bytes.size()};
        // A child that does not read its input is no error of ours.
        const int status =
            uv_write(&input->uv, reinterpret_cast<uv_stream_t*>(in_.get()), &view, 1,
                     [](uv_write_t* uv, int) {
                         const std::unique_ptr<Input> done(static_cast<Input*>(uv->data));
                         if (auto* self = static_cast<Child*>(uv->handle->data)) {
                             self->in_.reset();
                         }
                     });
        if (status == 0) {
            static_cast<void>(input.release());
        } else {
            in_.reset();
        }
    }

    Handle<uv_pipe_s>& pipe_of(From from) { return from == From::out ? out_ : err_; }

    void read_from(From from) {
        Handle<uv_pipe_s>& pipe = pipe_of(from);
        if (!pipe) {
            return;
        }
        const auto allocate = [](uv_handle_t*, std::size_t, uv_buf_t* into) {
            static std::array<char, 65536> space;  // copied from before the next read
            *into = uv_buf_init(space.data(), space.size());
        };
        uv_read_start(reinterpret_cast<uv_stream_t*>(pipe.get()), allocate,
                      [](uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer) {
                          auto* self = static_cast<Child*>(stream->data);
                          if (self == nullptr || count == 0) {
                              return;
                          }
                          const bool is_out =
                              reinterpret_cast<uv_stream_t*>(self->out_.get()) == stream;
                          if (count < 0) {
                              self->pipe_of(is_out ? From::out : From::err).reset();
                              return;
                          }
                          self->take({buffer->base, static_cast<std::size_t>(count)},
                                     is_out ? From::out : From::err);
                      });
    }

    // Both of these may end in a callback that destroys this; `alive_` tells.
    void take(std::string_view text, From from) {
        if (options_.stdio == Stdio::exchange) {
            const std::size_t room = options_.output_limit - output_.size();
            base::append(output_, base::as_bytes(text.substr(0, room)));
            if (text.size() > room) {
                exceeded_ = true;
                kill(SIGKILL);  // before the pipe goes: not SIGPIPE
                out_.reset();
            }
            return;
        }
        std::string& rest = from == From::out ? rest_of_out_ : rest_of_err_;
        const auto alive = alive_;
        while (*alive && !text.empty()) {
            const auto newline = text.find('\n');
            const std::size_t room = longest_line - rest.size();
            if (room == 0 && newline != 0) {
                tell_line(from);  // a piece; the line goes on
                continue;
            }
            const std::size_t length = std::min({newline, text.size(), room});
            rest.append(text.substr(0, length));
            const bool whole = length == newline;
            text.remove_prefix(length + (whole ? 1 : 0));
            if (whole) {
                tell_line(from);
            }
        }
    }

    void tell_line(From from) {
        std::string line;
        line.swap(from == From::out ? rest_of_out_ : rest_of_err_);
        if (options_.on_line) {
            const auto on_line = options_.on_line;
            on_line(line, from);
        }
    }

    // What the child wrote before its end is in the pipe already.
    void drain(From from) {
        const auto alive = alive_;
        int fd = -1;
        if (!pipe_of(from) ||
            uv_fileno(reinterpret_cast<uv_handle_t*>(pipe_of(from).get()), &fd) != 0) {
            return;
        }
        std::array<char, 4096> part{};
        ssize_t count = 0;
        // Bounded: somebody else may hold the other end and write on.
        for (std::size_t total = 0; *alive && pipe_of(from) && total < std::size_t{8} << 20U;
             total += static_cast<std::size_t>(count)) {
            count = ::read(fd, part.data(), part.size());
            if (count <= 0) {
                break;
            }
            take({part.data(), static_cast<std::size_t>(count)}, from);
        }
        if (*alive) {
            pipe_of(from).reset();
        }
    }

    void ended(int status, int signal) {
        running_ = false;
        const auto alive = alive_;
        in_.reset();
        for (const From from : {From::out, From::err}) {
            drain(from);
            if (*alive && !(from == From::out ? rest_of_out_ : rest_of_err_).empty()) {
                tell_line(from);
            }
            if (!*alive) {
                return;
            }
        }
        const auto on_exit = std::move(on_exit_);
        if (on_exit) {
            on_exit(status, signal);  // may destroy this
        }
    }

    Loop& loop_;
    SpawnOptions options_;
    std::function<void(int, int)> on_exit_;
    std::shared_ptr<bool> alive_;
    std::string rest_of_out_;
    std::string rest_of_err_;
    Handle<uv_pipe_s> in_;
    Handle<uv_pipe_s> out_;
    Handle<uv_pipe_s> err_;
    Handle<uv_process_s> process_;
};

base::Result<std::unique_ptr<Process>> Process::spawn(Loop& loop, SpawnOptions options,
                                                      std::function<void(int, int)> on_exit) {
    ensure(!options.args.empty(), "a process has a command");
    auto child = std::make_unique<Child>(loop, std::move(options), std::move(on_exit));
    auto started = child->start();
    if (!started) {
        return started.error();
    }
    return std::unique_ptr<Process>(new Process(std::move(child)));
}

Process::Process(std::unique_ptr<Child> child) : child_(std::move(child)) {}
Process::~Process() = default;

void Process::kill(int signal) {
    child_->kill(signal);
}
bool Process::running() const {
    return child_->running_;
}
pid_t Process::pid() const {
    return child_->pid_;
}
const base::Bytes& Process::output() const {
    return child_->output_;
}
bool Process::output_exceeded() const {
    return child_->exceeded_;
}

}  // namespace jetway::io
