// What jemalloc reads when the process begins; nothing where another allocator is linked.
//
// Memory that was freed goes back to the system within seconds, by a thread of the allocator's own:
// without it only threads that allocate give back, and a node at rest would keep what its busiest
// moment took.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "background_thread:true,dirty_decay_ms:5000,muzzy_decay_ms:0";
}
