/* Under Wine, runs the host's program of this program's own name (openssl.exe: openssl), so that tests find the same independent
   tools there. Wine can start such programs, but neither wait for them nor give them its pipes: files stand in for both. */
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

typedef char *(CDECL *unix_name_function)(LPCWSTR);
static unix_name_function unix_name;

static void fail(const char *what)
{
    fprintf(stderr, "running a program of the host: %s (%lu)\n", what, GetLastError());
    exit(125);
}

/* Writes UTF-8 in single quotes. */
static void quote(FILE *script, const char *text)
{
    fputc('\'', script);
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\''", script);
        else
            fputc(*text, script);
    }
    fputc('\'', script);
}

static char *utf8(const WCHAR *text)
{
    int size = WideCharToMultiByte(CP_UTF8, 0, text, -1, NULL, 0, NULL, NULL);
    char *bytes = malloc(size);
    if (!bytes)
        fail("memory");
    WideCharToMultiByte(CP_UTF8, 0, text, -1, bytes, size, NULL, NULL);
    return bytes;
}

/* Where a path with a drive begins: at the start, or behind "name=" or "file:". */
static WCHAR *drive_path(WCHAR *argument)
{
    WCHAR *at;
    for (at = argument; *at; at++) {
        int letter = (*at >= 'A' && *at <= 'Z') || (*at >= 'a' && *at <= 'z');
        int starts = at == argument || at[-1] == '=' || at[-1] == ':';
        if (letter && starts && at[1] == ':' && (at[2] == '\\' || at[2] == '/'))
            return at;
    }
    return NULL;
}

static void write_argument(FILE *script, WCHAR *argument)
{
    WCHAR *path = drive_path(argument), *separator;
    char *unix_path = path ? unix_name(path) : NULL;
    /* A path of the host that a program of Windows went on with. */
    if (argument[0] == '/')
        for (separator = argument; (separator = wcschr(separator, '\\')); separator++)
            *separator = '/';
    fputc(' ', script);
    if (unix_path) {
        *path = 0;
        quote(script, utf8(argument));
        quote(script, unix_path);
    } else {
        quote(script, utf8(argument));
    }
}

/* A file of this run: the script, or what stands in for an end of the program. */
static WCHAR *part(const WCHAR *base, const WCHAR *suffix)
{
    WCHAR *path = malloc((wcslen(base) + wcslen(suffix) + 1) * sizeof(WCHAR));
    if (!path)
        fail("memory");
    wcscpy(path, base);
    wcscat(path, suffix);
    return path;
}

static void redirect(FILE *script, const char *operator, const WCHAR *path)
{
    fputs(operator, script);
    quote(script, unix_name(path));
}

static void copy(FILE *from, FILE *to)
{
    char buffer[65536];
    size_t size;
    if (!from || !to)
        fail("cannot open what stands in for a pipe");
    while ((size = fread(buffer, 1, sizeof(buffer), from)) > 0)
        fwrite(buffer, 1, size, to);
    fflush(to);
}

int wmain(int count, WCHAR **arguments)
{
    WCHAR folder[MAX_PATH], base[MAX_PATH], name[MAX_PATH], here[4096];
    WCHAR shell[] = L"\\\\?\\unix\\bin\\sh", command[MAX_PATH * 2];
    WCHAR *parts[6], *program, *end;
    enum { script, input, output, error, status, whole };
    const WCHAR *suffixes[] = {L".sh", L".input", L".output", L".error", L".part", L".status"};
    STARTUPINFOW startup = {sizeof(startup)};
    PROCESS_INFORMATION process;
    FILE *file;
    int code, i;

    unix_name = (unix_name_function)(void *)GetProcAddress(GetModuleHandleW(L"kernel32"), "wine_get_unix_file_name");
    if (!unix_name)
        fail("this is not Wine");
    _setmode(0, _O_BINARY);
    _setmode(1, _O_BINARY);
    _setmode(2, _O_BINARY);

    GetModuleFileNameW(NULL, name, MAX_PATH);
    program = wcsrchr(name, '\\') + 1;
    end = wcsrchr(program, '.');
    if (end)
        *end = 0;

    if (!GetTempPathW(MAX_PATH - 32, folder))
        fail("no folder for temporary files");
    swprintf(base, MAX_PATH, L"%lshost-%lu", folder, GetCurrentProcessId());
    for (i = 0; i < 6; i++) {
        parts[i] = part(base, suffixes[i]);
        DeleteFileW(parts[i]);
    }

    file = _wfopen(parts[script], L"wb");
    if (!file)
        fail("cannot write the script");
    GetCurrentDirectoryW(4096, here);
    fputs("cd ", file);
    quote(file, unix_name(here));
    fputs("\n", file);
    quote(file, utf8(program));
    for (i = 1; i < count; i++)
        write_argument(file, arguments[i]);
    if (GetFileType(GetStdHandle(STD_INPUT_HANDLE)) == FILE_TYPE_PIPE) {
        FILE *received = _wfopen(parts[input], L"wb");
        copy(stdin, received);
        fclose(received);
        redirect(file, " <", parts[input]);
    } else {
        fputs(" </dev/null", file);
    }
    redirect(file, " >", parts[output]);
    redirect(file, " 2>", parts[error]);
    /* Renamed when it is whole, so that an empty one is never read. */
    redirect(file, "\necho $? >", parts[status]);
    redirect(file, "\nmv ", parts[status]);
    redirect(file, " ", parts[whole]);
    fputs("\n", file);
    fclose(file);

    swprintf(command, MAX_PATH * 2, L"sh \"%hs\"", unix_name(parts[script]));
    if (!CreateProcessW(shell, command, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &process))
        fail("cannot start /bin/sh");

    while (!(file = _wfopen(parts[whole], L"rb")))
        Sleep(2);
    if (fscanf(file, "%d", &code) != 1)
        fail("no exit status");
    fclose(file);
    for (i = output; i <= error; i++) {
        file = _wfopen(parts[i], L"rb");
        copy(file, i == output ? stdout : stderr);
        fclose(file);
    }
    for (i = 0; i < 6; i++)
        DeleteFileW(parts[i]);
    return code;
}
