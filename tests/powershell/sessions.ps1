#Requires -Version 5.1

# What checks.ps1 works with, which runs this in its own scope: how a check is said and counted, sessions in which the exported script runs
# against the stand-in, and exports to run it of.

# ---- what a check says and counts ----

function Confirm-That {
    param([string] $Name, [scriptblock] $Check)

    try {
        & $Check
        $script:passed++
    }
    catch {
        $script:failed++
        Write-Output ('FAILED: {0}' -f $Name)
        foreach ($line in $_.Exception.Message -split '\r?\n') {
            Write-Output ('    {0}' -f $line)
        }
        foreach ($frame in @($_.ScriptStackTrace -split '\r?\n' | Where-Object -FilterScript { $_ -match 'checks\.ps1' } | Select-Object -First 1)) {
            Write-Output ('    {0}' -f $frame)
        }
    }
}

function Assert-Equal {
    param($Expected, $Found, [string] $Of)

    $wanted = @($Expected | ForEach-Object -Process { [string] $_ }) -join "`n"
    $got = @($Found | ForEach-Object -Process { [string] $_ }) -join "`n"
    if ($wanted -cne $got) {
        throw ("{0}`nexpected: {1}`nfound:    {2}" -f $Of, $wanted, $got)
    }
}

function Assert-Says {
    param([string[]] $Expected, [string] $Found, [string] $Of = 'what it says')

    $at = 0
    foreach ($words in $Expected) {
        $next = $Found.IndexOf($words, $at, [System.StringComparison]::Ordinal)
        if ($next -lt 0) {
            throw ("{0}`nexpected: {1} (in this order)`nfound:    {2}" -f $Of, ($Expected -join ' ... '), $Found)
        }
        $at = $next + $words.Length
    }
}

# What a run called, without the drive and the details.
function Assert-Called {
    param([string[]] $Expected, $Run)

    $details = if ($null -ne $Run.Failure) { ', which failed: {0}' -f $Run.Failure } else { '' }
    Assert-Equal -Of ('the calls of the run{0}' -f $details) -Expected $Expected -Found @($Run.Calls | ForEach-Object -Process { $_.Name })
    foreach ($call in $Run.Calls) {
        Assert-Equal -Of ('the drive that {0} ran on' -f $call.Name) -Expected $Run.Site -Found $call.Drive
    }
}

function Assert-Succeeded {
    param($Run)

    Assert-Equal -Of 'the failure of the run' -Expected '' -Found $Run.Failure
    Assert-Equal -Of 'the errors that it left' -Expected @() -Found $Run.Errors
}

function Assert-Refused {
    param([string[]] $Saying, $Run)

    # What ends one statement, such as a parameter that is refused, is an error and does not end the session.
    $failure = @(@($Run.Failure) + $Run.Errors | Where-Object -FilterScript { $_ })
    if ($failure.Count -eq 0) {
        throw ("the failure of the run`nexpected: {0}`nfound:    none; it printed {1}" -f ($Saying -join ' ... '), $Run.Text)
    }
    Assert-Says -Of 'the failure of the run' -Expected $Saying -Found $failure[0]
}

# ---- how a script is run ----

# The environment that the stand-in and the script read; what is not named is as on a computer with the console and one site.
function Set-Environment {
    param([hashtable] $With)

    $values = @{
        STANDIN_LOG       = $log
        STANDIN_DRIVES    = 'ABC'
        STANDIN_FAIL      = ''
        STANDIN_COMPONENT = ''
        SMS_ADMIN_UI_PATH = [System.IO.Path]::Combine($temporary, 'console', 'bin', 'i386')
    }
    foreach ($name in @($values.Keys)) {
        $value = if ($With.ContainsKey($name)) { $With[$name] } else { $values[$name] }
        [System.Environment]::SetEnvironmentVariable($name, $value)
    }
    [System.IO.File]::WriteAllText($log, '')
}

function Read-Call {
    $calls = New-Object -TypeName System.Collections.ArrayList
    foreach ($line in [System.IO.File]::ReadAllLines($log)) {
        $fields = $line -split "`t"
        if ($fields[0]) {
            $null = $calls.Add([pscustomobject]@{ Name = $fields[0]; Drive = $fields[1]; Details = @($fields | Select-Object -Skip 2); Files = @() })
        }
        else {
            $calls[$calls.Count - 1].Files += [pscustomobject]@{ Role = $fields[1]; Sha256 = $fields[2]; Path = $fields[3] }
        }
    }
    $calls
}

# Runs code in a session of its own. In it $Script is the script's path, and $Folder the folder that it lies in.
function Invoke-Session {
    param(
        [string] $Code,
        [string] $Folder = $contoso,
        [string] $Site = 'ABC',
        [hashtable] $With = @{}
    )

    Set-Environment -With $With
    $session = [runspacefactory]::CreateRunspace([initialsessionstate]::CreateDefault())
    $session.Open()
    $shell = [powershell]::Create()
    try {
        $shell.Runspace = $session
        $session.SessionStateProxy.SetVariable('Folder', $Folder)
        $session.SessionStateProxy.SetVariable('Script', [System.IO.Path]::Combine($Folder, $scriptName))
        $null = $shell.AddScript($Code)
        $none = New-Object -TypeName 'System.Management.Automation.PSDataCollection[psobject]'
        $none.Complete()
        $output = New-Object -TypeName 'System.Management.Automation.PSDataCollection[psobject]'
        $failure = $null
        try {
            $null = $shell.EndInvoke($shell.BeginInvoke($none, $output))
        }
        catch {
            $failure = $_.Exception.InnerException.Message
        }
        [pscustomobject]@{
            Lines   = @($output | ForEach-Object -Process { [string] $_ })
            Text    = @($output | ForEach-Object -Process { [string] $_ }) -join "`n"
            Failure = $failure
            Errors  = @($shell.Streams.Error | ForEach-Object -Process { $_.ToString() })
            Calls   = @(Read-Call)
            Site    = $Site
        }
    }
    finally {
        $shell.Dispose()
        $session.Dispose()
    }
}

# Runs a script in a process of its own: what is written for a person (What if:) and the exit status show only so.
function Invoke-Process {
    param(
        [string] $File,
        [string[]] $Arguments = @(),
        [string] $Site = 'ABC',
        [hashtable] $With = @{}
    )

    Set-Environment -With $With
    # Otherwise a line on the program's standard error would end this script, before PowerShell 7.2.
    $ErrorActionPreference = 'Continue'
    $output = @(& $PowerShell -NoProfile -NonInteractive -File $File @Arguments 2>&1 | ForEach-Object -Process { $_.ToString() })
    [pscustomobject]@{
        Text    = $output -join ' '
        Failure = if ($LASTEXITCODE -ne 0) { $output -join ' ' } else { $null }
        Errors  = @()
        Calls   = @(Read-Call)
        Site    = $Site
    }
}

# A process of its own for code with $Folder and $Script, as Invoke-Session has them.
function Invoke-Child {
    param([string] $Code, [hashtable] $With = @{})

    $file = [System.IO.Path]::Combine($temporary, 'child.ps1')
    $lines = @(
        'param($Folder)'
        '$Script = [System.IO.Path]::Combine($Folder, ''{0}'')' -f $scriptName
        # Without PowerShell's own way of showing an error, which breaks its text into lines.
        'try {{ {0} }} catch {{ $_.Exception.Message; exit 1 }}' -f $Code
    )
    [System.IO.File]::WriteAllText($file, ($lines -join "`n"))
    Invoke-Process -File $file -Arguments @($contoso) -With $With
}

# ---- what is set up ----

function New-Module {
    param([string] $Place, [string] $Definition)

    $bin = [System.IO.Path]::Combine($temporary, $Place, 'bin')
    $null = [System.IO.Directory]::CreateDirectory([System.IO.Path]::Combine($bin, 'i386'))
    $source = [System.IO.File]::ReadAllText([System.IO.Path]::Combine($PSScriptRoot, 'ConfigurationManager.cs'))
    try {
        Add-Type -TypeDefinition ($Definition + $source) -OutputAssembly ([System.IO.Path]::Combine($bin, 'StandIn.dll')) -OutputType Library
    }
    catch {
        throw ('Add-Type of this PowerShell cannot compile the stand-in, so that nothing was checked: {0}' -f $_.Exception.Message)
    }
    # A part of the module that changes something when it is imported, as -WhatIf would keep it from.
    [System.IO.File]::WriteAllText([System.IO.Path]::Combine($bin, 'Names.psm1'), 'Set-Alias -Name standin-alias -Value Get-CMSiteComponent')
    $manifest = '@{ ModuleVersion = ''1.0''; RootModule = ''StandIn.dll''; NestedModules = @(''Names.psm1''); CmdletsToExport = ''*''; AliasesToExport = ''*'' }'
    [System.IO.File]::WriteAllText([System.IO.Path]::Combine($bin, 'ConfigurationManager.psd1'), $manifest)
}

function New-Export {
    param([string] $Name, [string[]] $Source, [string[]] $Option = @())

    $folder = [System.IO.Path]::Combine($temporary, 'exports', $Name)
    $sources = @($Source | ForEach-Object -Process { [System.IO.Path]::Combine($repository, 'testdata', $_) })
    $ErrorActionPreference = 'Continue'
    $output = & $certpath export --at 2025-06-01T00:00:00Z --out $folder @Option @sources 2>&1 | Out-String
    if ($LASTEXITCODE -ne 0) {
        throw ('certpath could not make the export {0}: exit status {1}, {2}' -f $Name, $LASTEXITCODE, $output)
    }
    $folder
}

function Copy-Export {
    param([string] $From, [string] $To)

    if ([System.IO.Directory]::Exists($To)) {
        [System.IO.Directory]::Delete($To, $true)
    }
    foreach ($part in '', 'roots', 'intermediates') {
        $null = [System.IO.Directory]::CreateDirectory([System.IO.Path]::Combine($To, $part))
        foreach ($file in [System.IO.Directory]::GetFiles([System.IO.Path]::Combine($From, $part))) {
            [System.IO.File]::Copy($file, [System.IO.Path]::Combine($To, $part, [System.IO.Path]::GetFileName($file)))
        }
    }
}

function Read-Manifest {
    param([string] $Folder)

    [System.IO.File]::ReadAllText([System.IO.Path]::Combine($Folder, 'manifest.json')) | ConvertFrom-Json
}

# The files that the manifest names, as the stand-in records them, sorted.
function Get-Expected {
    param([string] $Folder, [string] $RootRole, [string] $IntermediateRole)

    $manifest = Read-Manifest -Folder $Folder
    $lines = @($manifest.roots | ForEach-Object -Process { '{0} {1} {2}' -f $RootRole, $_.sha256, [System.IO.Path]::Combine($Folder, 'roots', $_.file.Substring('roots/'.Length)) })
    if ($IntermediateRole) {
        $lines += @($manifest.intermediates | ForEach-Object -Process { '{0} {1} {2}' -f $IntermediateRole, $_.sha256, [System.IO.Path]::Combine($Folder, 'intermediates', $_.file.Substring('intermediates/'.Length)) })
    }
    $lines | Sort-Object
}

function Get-Recorded {
    param($Call)

    @($Call.Files | ForEach-Object -Process { '{0} {1} {2}' -f $_.Role, $_.Sha256, $_.Path }) | Sort-Object
}

# Everything that a run with all switches should have done to the CMG and to the site.
function Assert-Everything {
    param($Run, [string] $Folder, [string] $Name = 'G')

    Assert-Succeeded -Run $Run
    Assert-Called -Run $Run -Expected $gateway, $component, $siteCmdlet
    Assert-Equal -Of 'the name of the CMG' -Expected $Name -Found $Run.Calls[0].Details
    Assert-Equal -Of 'what the CMG is given' -Expected (Get-Expected -Folder $Folder -RootRole 'RootCA' -IntermediateRole 'IntermediateCA') -Found (Get-Recorded -Call $Run.Calls[0])
    Assert-Equal -Of 'what is asked about the site' -Expected $Run.Site, 'SMS_SITE_COMPONENT_MANAGER' -Found $Run.Calls[1].Details
    Assert-Equal -Of 'the site that is given roots' -Expected $Run.Site -Found $Run.Calls[2].Details
    Assert-Equal -Of 'what the site is given' -Expected (Get-Expected -Folder $Folder -RootRole 'added') -Found (Get-Recorded -Call $Run.Calls[2])
}
