// Slots: things with a number of their own, found by it at once. A number is never 0, and that of
// something gone isn't used again before 65,535 others had its place.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace jetway::router {

// `Value` is made from the id and further arguments.
template <typename Value>
class Slots {
public:
    using Id = std::uint32_t;
    static constexpr std::uint32_t index_bits = 16;
    static constexpr std::size_t most = (std::size_t{1} << index_bits) - 1;

    // Makes a value by make(id) -> std::unique_ptr<Value>. Needs size() < most.
    template <typename Make>
    Value& add(Make&& make) {
        if (free_.empty()) {
            free_.push_back(slots_.size());
            slots_.emplace_back();
        }
        const std::size_t index = free_.back();
        free_.pop_back();
        Slot& slot = slots_[index];
        slot.generation = slot.generation == most ? 1 : slot.generation + 1;
        slot.id = static_cast<Id>((slot.generation << index_bits) | index);
        slot.value = make(slot.id);
        ++size_;
        return *slot.value;
    }

    Value* find(Id id) {
        const std::size_t index = id & most;
        return index < slots_.size() && slots_[index].id == id ? slots_[index].value.get()
                                                               : nullptr;
    }
    const Value* find(Id id) const { return const_cast<Slots*>(this)->find(id); }

    void erase(Id id) {
        if (find(id) != nullptr) {
            Slot& slot = slots_[id & most];
            slot.value.reset();
            slot.id = 0;
            free_.push_back(id & most);
            --size_;
        }
    }

    std::size_t size() const { return size_; }

    // Every value, by slot. `visit` adds and erases none.
    template <typename Visit>
    void for_each(Visit&& visit) {
        for (Slot& slot : slots_) {
            if (slot.value) {
                visit(*slot.value);
            }
        }
    }
    template <typename Visit>
    void for_each(Visit&& visit) const {
        for (const Slot& slot : slots_) {
            if (slot.value) {
                visit(static_cast<const Value&>(*slot.value));
            }
        }
    }

private:
    struct Slot {
        std::unique_ptr<Value> value;
        Id id = 0;
        std::uint32_t generation = 0;
    };
    std::vector<Slot> slots_;
    std::vector<std::size_t> free_;
    std::size_t size_ = 0;
};

}  // namespace jetway::router
