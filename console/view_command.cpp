#include <nlohmann/json.hpp>
#include <utility>

#include "console/commands.h"
#include "console/text.h"

namespace jetway::console {

namespace {

class ViewCommand final : public Command {
public:
    explicit ViewCommand(View view) : view_(std::move(view)) {}

    void start(Host& host) override {
        host.ask(
            {.request = view_.request, .args = std::move(view_.args), .machine = host.machine()});
    }

    void on_answer(Host& host, std::uint64_t /*question*/,
                   const base::Result<envelope::Json>& answer) override {
        if (!answer) {
            host.complain(view_.request + " of router@" + host.machine(), answer.error());
        } else {
            envelope::Json shown = *answer;
            if (view_.edit) {
                view_.edit(shown, host.wall());
            }
            host.print(view_.json ? printable(envelope::write_json(shown)) + "\n"
                                  : view_.text(shown, host.colour()));
        }
        host.finish();
    }

private:
    View view_;
};

}  // namespace

CommandPtr view_command(View view) {
    return std::make_unique<ViewCommand>(std::move(view));
}

}  // namespace jetway::console
