// What an address of the deployment means to whoever dials it or listens there.
#pragma once

#include "config/address.h"
#include "transport/target.h"

namespace jetway::daemon {

transport::Target target_of(const config::Address& address);

}  // namespace jetway::daemon
