// A probe: whether the tree of a service is well at an instance, once somebody is attached there.
//
// The attributes of its root are asked for; then the file `health` in it is read, if there is one.
// The tree is well when the first word of that is one of: ok up healthy pass passing serving ready
// yes true 1, in letters of any size. A server that forbids something of that to the prober is
// well, as far as that goes: it answers.
#pragma once

#include <functional>

#include "base/result.h"
#include "ninep/instance.h"

namespace jetway::ninep {

// `why` it is not well.
using OnProbed = std::function<void(bool well, const base::Error& why)>;

// From the root, a fid that stays. `instance` is borrowed until the callback, which is called once.
void probe_tree(Instance& instance, Fid root, const OnProbed& then);

// The instance answers, though not whoever asked.
bool is_forbidden(const base::Error& why);

}  // namespace jetway::ninep
