#include "console/table.h"

#include <algorithm>

#include "base/ensure.h"
#include "console/text.h"

namespace jetway::console {

namespace {

std::string_view escape_of(Tone tone) {
    switch (tone) {
        case Tone::good:
            return "\033[32m";
        case Tone::bad:
            return "\033[31m";
        case Tone::faint:
            return "\033[2m";
        case Tone::plain:
            break;
    }
    return {};
}

}  // namespace

Table::Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

void Table::add(std::vector<Cell> cells) {
    ensure(cells.size() == columns_.size(), "a row has a cell for every column");
    for (Cell& cell : cells) {
        cell.text = cell.text.empty() ? "-" : printable(cell.text);
    }
    rows_.push_back(std::move(cells));
}

std::string Table::text(bool colour) const {
    std::vector<std::size_t> widths;
    for (const Column& column : columns_) {
        widths.push_back(width(column.heading));
    }
    for (const auto& row : rows_) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            widths[i] = std::max(widths[i], width(row[i].text));
        }
    }
    std::string result;
    const auto write = [&](std::size_t i, const std::string& cell, const std::string& painted) {
        const std::string blanks(widths[i] - width(cell), ' ');
        const bool last = i + 1 == columns_.size();
        result += i > 0 ? "  " : "";
        result += columns_[i].right ? blanks + painted : painted + (last ? "" : blanks);
        result += last ? "\n" : "";
    };
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        const std::string& heading = columns_[i].heading;
        write(i, heading, colour ? "\033[1m" + heading + "\033[0m" : heading);
    }
    for (const auto& row : rows_) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            write(i, row[i].text, paint(row[i].text, row[i].tone, colour));
        }
    }
    return result;
}

std::string paint(std::string_view text, Tone tone, bool colour) {
    const std::string_view escape = escape_of(tone);
    std::string result(text);
    if (colour && !escape.empty()) {
        result = std::string(escape) + result + "\033[0m";
    }
    return result;
}

}  // namespace jetway::console
