// What jetway-numbered's two halves have in common: the payload of a numbered envelope, and what
// they are told.
//
// `data` is bin: the number and the time of sending (nanoseconds of the system's monotonic clock),
// big-endian, 8 bytes each, and padding. `id` is the number with the destination's index above it.
#pragma once

#include <string>
#include <vector>

#include "client/client.h"
#include "transport/target.h"

namespace jetway::faults {

inline constexpr std::size_t payload_head = 16;
inline constexpr unsigned index_shift = 32;
inline constexpr std::size_t max_destinations = 200;

struct SendOptions {
    transport::Target router;
    std::vector<std::string> destinations;
    double rate = 1'000;      // envelopes a second, to each
    std::uint64_t count = 0;  // to each; 0: until told to end
    std::size_t size = 64;    // bytes of `data`
    bool heed_holds = true;
    bool answers = false;                             // each is to be answered
    base::Duration linger = std::chrono::seconds(1);  // for answers and refusals after the last
};

struct ReceiveOptions {
    transport::Target router;
    std::vector<std::string> services;  // each by a connection of its own
    bool answer = false;  // with whether the envelope was marked as a possible duplicate
    // Attaches again whenever its connection ends, and prints a line for each answer that is
    // refused.
    bool again = false;
};

// Until all is sent and settled, or SIGTERM. Prints one line of JSON for SIGUSR1, and one at the
// end. The exit code of the program.
int send_numbered(const SendOptions& options);
// Until SIGTERM. Prints as above; each line's `window` begins with the one before.
int receive_numbered(const ReceiveOptions& options);

}  // namespace jetway::faults
