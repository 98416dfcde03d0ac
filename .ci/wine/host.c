/* Under Wine, runs the host's program of this program's own name (openssl.exe: openssl), so that tests find the same independent
   tools there. Wine can start such programs but not wait for them: a script leaves the exit status in a file. */
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
    WCHAR *path = drive_path(argument);
    char *unix_path = path ? unix_name(path) : NULL;
    fputc(' ', script);
    if (unix_path) {
        *path = 0;
        quote(script, utf8(argument));
        quote(script, unix_path);
    } else {
        quote(script, utf8(argument));
    }
}

int wmain(int count, WCHAR **arguments)
{
    WCHAR folder[MAX_PATH], script_path[MAX_PATH + 8], status_path[MAX_PATH + 8], error_path[MAX_PATH + 8];
    WCHAR name[MAX_PATH], here[4096], shell[] = L"\\\\?\\unix\\bin\\sh", command[MAX_PATH * 2];
    STARTUPINFOW startup = {sizeof(startup)};
    PROCESS_INFORMATION process;
    FILE *file;
    WCHAR *base, *end;
    int status, i, byte;

    unix_name = (unix_name_function)(void *)GetProcAddress(GetModuleHandleW(L"kernel32"), "wine_get_unix_file_name");
    if (!unix_name)
        fail("this is not Wine");

    GetModuleFileNameW(NULL, name, MAX_PATH);
    base = wcsrchr(name, '\\') + 1;
    end = wcsrchr(base, '.');
    if (end)
        *end = 0;

    if (!GetTempPathW(MAX_PATH - 32, folder))
        fail("no folder for temporary files");
    swprintf(script_path, MAX_PATH, L"%lshost-%lu", folder, GetCurrentProcessId());
    swprintf(status_path, MAX_PATH + 8, L"%ls.status", script_path);
    swprintf(error_path, MAX_PATH + 8, L"%ls.error", script_path);
    DeleteFileW(status_path);

    file = _wfopen(script_path, L"wb");
    if (!file)
        fail("cannot write the script");
    GetCurrentDirectoryW(4096, here);
    fputs("cd ", file);
    quote(file, unix_name(here));
    fputs("\n", file);
    quote(file, utf8(base));
    for (i = 1; i < count; i++)
        write_argument(file, arguments[i]);
    fputs(" 2>", file);
    quote(file, unix_name(error_path));
    /* Renamed when it is whole, so that an empty one is never read. */
    fputs("\necho $? >", file);
    quote(file, unix_name(script_path));
    fputs(".part\nmv ", file);
    quote(file, unix_name(script_path));
    fputs(".part ", file);
    quote(file, unix_name(script_path));
    fputs(".status\n", file);
    fclose(file);

    swprintf(command, MAX_PATH * 2, L"sh \"%hs\"", unix_name(script_path));
    startup.dwFlags = STARTF_USESTDHANDLES;
    startup.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
    startup.hStdOutput = GetStdHandle(STD_OUTPUT_HANDLE);
    startup.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    if (!CreateProcessW(shell, command, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &process))
        fail("cannot start /bin/sh");

    while (!(file = _wfopen(status_path, L"rb")))
        Sleep(2);
    if (fscanf(file, "%d", &status) != 1)
        fail("no exit status");
    fclose(file);
    file = _wfopen(error_path, L"rb");
    if (file) {
        while ((byte = fgetc(file)) != EOF)
            fputc(byte, stderr);
        fclose(file);
    }
    DeleteFileW(script_path);
    DeleteFileW(status_path);
    DeleteFileW(error_path);
    return status;
}
