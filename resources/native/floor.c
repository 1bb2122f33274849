// The one native program of Image Size Explorer. It is the whole content of the floor image, runs as the pause
// container of the precision mode, and is copied into throw-away containers of the image that is measured, to move
// its files out of the page cache and to count what came back:
//   floor          exit at once: what is left of such a start is the engine's own time
//   floor pause    hold a network namespace until killed
//   floor evict    ask the kernel to drop every file's pages; count them before and after
//   floor count    count the pages of the files that are in the page cache
// The last two print one line of JSON. No library: packaging/build_native.py compiles it in seconds, to equal bytes.

typedef unsigned long long u64;

#if defined(__x86_64__)
enum { WRITE = 1, CLOSE = 3, LSEEK = 8, MMAP = 9, MUNMAP = 11, MINCORE = 27, GETDENTS = 217, FADVISE = 221 };
enum { EXIT = 231, OPENAT = 257, PPOLL = 271, O_DIRECTORY = 0200000, O_NOFOLLOW = 0400000 };
__asm__(".globl _start\n_start: mov %rsp, %rdi\nand $-16, %rsp\ncall run\n");

static long call(long number, long a, long b, long c, long d, long e, long f) {
    register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
    long result = number;
    __asm__ volatile("syscall" : "+a"(result) : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}
#elif defined(__aarch64__)
enum { OPENAT = 56, CLOSE = 57, GETDENTS = 61, LSEEK = 62, WRITE = 64, PPOLL = 73, EXIT = 94, MUNMAP = 215 };
enum { MMAP = 222, FADVISE = 223, MINCORE = 232, O_DIRECTORY = 040000, O_NOFOLLOW = 0100000 };
__asm__(".globl _start\n_start: mov x0, sp\nbl run\n");

static long call(long number, long a, long b, long c, long d, long e, long f) {
    register long x8 __asm__("x8") = number, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d, x4 __asm__("x4") = e, x5 __asm__("x5") = f;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
    return x0;
}
#endif

// The same on both: fcntl.h, dirent.h, mman.h, fadvise.h, auxvec.h.
enum { O_NONBLOCK = 04000, O_CLOEXEC = 02000000, DT_UNKNOWN = 0, DT_DIR = 4, DT_REG = 8, SEEK_END = 2 };
enum { PROT_READ = 1, MAP_SHARED = 1, DONTNEED = 4, LEAST_PAGE = 4096, WINDOW = 64 << 20, DEPTH_LIMIT = 128 };
// struct linux_dirent64, then AT_PAGESZ
enum { NAME_AT = 19, LENGTH_AT = 16, TYPE_AT = 18, ENTRIES = 8192, PAGE_SIZE = 6 };

static u64 page = LEAST_PAGE, files, unreadable, bytes, pages, before, after;
static int evicting;
static const char *own;  // our own name in the root folder: no file of the image
static unsigned char states[WINDOW / LEAST_PAGE];

static int same(const char *a, const char *b) {
    while (*a && *a == *b) a++, b++;
    return *a == *b;
}

// mincore() needs a mapping but touches no page of it.
static u64 resident(long file, u64 size) {
    u64 found = 0;
    for (u64 at = 0; at < size; at += WINDOW) {
        u64 length = size - at < WINDOW ? size - at : WINDOW;
        long map = call(MMAP, 0, length, PROT_READ, MAP_SHARED, file, at);
        if (map < 0 && map > -LEAST_PAGE) {
            unreadable++;
            return found;
        }
        if (call(MINCORE, map, length, (long)states, 0, 0, 0) == 0)
            for (u64 i = 0; i < (length + page - 1) / page; i++) found += states[i] & 1;
        call(MUNMAP, map, length, 0, 0, 0, 0);
    }
    return found;
}

static void visit_file(long file) {
    long size = call(LSEEK, file, 0, SEEK_END, 0, 0, 0);
    files++;
    if (size <= 0) return;
    bytes += size;
    pages += (size + page - 1) / page;
    u64 here = resident(file, size);
    before += here;
    if (evicting && here) {
        call(FADVISE, file, 0, 0, DONTNEED, 0, 0);
        here = resident(file, size);
    }
    after += here;
}

// The kernel's own trees, and the files that an engine mounts into /etc.
static int is_foreign(const char *name, int depth, int in_etc) {
    if (depth == 0) return same(name, "proc") || same(name, "sys") || same(name, "dev") || same(name, own);
    return in_etc && (same(name, "hosts") || same(name, "hostname") || same(name, "resolv.conf"));
}

static void visit_folder(long folder, int depth, int in_etc) {
    char entries[ENTRIES] __attribute__((aligned(8)));
    for (long filled; (filled = call(GETDENTS, folder, (long)entries, ENTRIES, 0, 0, 0)) > 0;)
        for (long at = 0; at < filled; at += *(unsigned short *)(entries + at + LENGTH_AT)) {
            const char *name = entries + at + NAME_AT;
            int type = entries[at + TYPE_AT];
            if (same(name, ".") || same(name, "..") || is_foreign(name, depth, in_etc)) continue;
            if (type != DT_DIR && type != DT_REG && type != DT_UNKNOWN) continue;
            int flags = O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
            long file = type == DT_REG ? -1 : call(OPENAT, folder, (long)name, flags | O_DIRECTORY, 0, 0, 0);
            int is_folder = file >= 0;
            if (!is_folder && type != DT_DIR) file = call(OPENAT, folder, (long)name, flags, 0, 0, 0);
            if (file < 0 || depth == DEPTH_LIMIT)
                unreadable++;
            else if (is_folder)
                visit_folder(file, depth + 1, depth == 0 && same(name, "etc"));
            else
                visit_file(file);
            if (file >= 0) call(CLOSE, file, 0, 0, 0, 0, 0);
        }
}

static void print(const char *text, u64 number, const char *end) {
    char digits[24];
    int length = 0, at = sizeof digits;
    while (text[length]) length++;
    call(WRITE, 1, (long)text, length, 0, 0, 0);
    do digits[--at] = '0' + number % 10;
    while (number /= 10);
    call(WRITE, 1, (long)(digits + at), sizeof digits - at, 0, 0, 0);
    call(WRITE, 1, (long)end, *end ? 2 : 0, 0, 0, 0);
}

// `stack` is what the kernel leaves there: the number of words, then the words.
__attribute__((used, noreturn)) void run(long *stack) {
    char **words = (char **)(stack + 1);
    if (stack[0] > 1) {
        while (same(words[1], "pause")) call(PPOLL, 0, 0, 0, 0, 0, 0);
        u64 *auxiliary = (u64 *)(words + stack[0] + 1);
        while (*auxiliary++) continue;  // past the environment
        for (; auxiliary[0]; auxiliary += 2)
            if (auxiliary[0] == PAGE_SIZE) page = auxiliary[1];
        own = words[0] + (words[0][0] == '/');
        evicting = same(words[1], "evict");
        long root = call(OPENAT, 0, (long)"/", O_DIRECTORY | O_CLOEXEC, 0, 0, 0);
        visit_folder(root, 0, 0);
        print("{\"files\":", files, ""), print(",\"unreadable\":", unreadable, "");
        print(",\"bytes\":", bytes, ""), print(",\"pages\":", pages, "");
        print(",\"page_bytes\":", page, "");
        print(",\"resident_before\":", before, ""), print(",\"resident_after\":", after, "}\n");
    }
    call(EXIT, 0, 0, 0, 0, 0, 0);
    __builtin_unreachable();
}
