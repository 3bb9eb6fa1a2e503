#include "base/near_miss.h"

#include <algorithm>
#include <utility>

#include "base/quoted.h"

namespace jetway::base {
namespace {

constexpr std::size_t longest = 128;  // of what is compared: no name of ours is longer

std::string folded(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(), [](char c) {
        if (c >= 'A' && c <= 'Z') {
            return static_cast<char>(c - 'A' + 'a');
        }
        return c == '-' ? '_' : c;
    });
    return result;
}

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t most) {
    const std::size_t difference = a.size() > b.size() ? a.size() - b.size() : b.size() - a.size();
    if (difference > most) {
        return difference;
    }
    // Three rows of the usual table: two back for swapped neighbours.
    std::vector<std::size_t> before(b.size() + 1);
    std::vector<std::size_t> last(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) {
        last[j] = j;
    }
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = std::min({replaced, last[j] + 1, row[j - 1] + 1});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = std::min(row[j], before[j - 2] + 1);
            }
        }
        before.swap(last);
        last.swap(row);
    }
    return last[b.size()];
}

std::optional<std::string> near_miss(std::string_view written,
                                     const std::vector<std::string_view>& known) {
    if (written.empty() || written.size() > longest) {
        return std::nullopt;
    }
    const std::string mine = folded(written);
    // A third of the letters may be wrong, one always; but never all of them.
    std::size_t best = std::min(std::max<std::size_t>(written.size() / 3, 1), written.size() - 1);
    std::optional<std::string> found;
    for (const std::string_view name : known) {
        if (name.size() > longest) {
            continue;
        }
        const std::size_t distance = edit_distance(mine, folded(name), best);
        if (distance < best || (distance == best && !found)) {
            best = distance;
            found = std::string(name);
        }
    }
    return found;
}

std::string suggestion(std::string_view written, const std::vector<std::string_view>& known) {
    if (const auto meant = near_miss(written, known)) {
        return ": did you mean " + quoted(*meant) + "?";
    }
    constexpr std::size_t most_listed = 12;
    if (known.empty() || known.size() > most_listed) {
        return "";
    }
    std::string text = known.size() == 1 ? ": expected " : ": expected one of ";
    for (std::size_t i = 0; i < known.size(); ++i) {
        text += (i == 0 ? "" : ", ") + quoted(known[i]);
    }
    return text;
}

}  // namespace jetway::base
