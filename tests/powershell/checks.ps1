#Requires -Version 5.1

<#
.SYNOPSIS
Runs Import-CmgCertificates.ps1 in a real PowerShell, with a stand-in for the module of the Configuration Manager console.

.DESCRIPTION
Makes exports with certpath in a temporary folder, runs their scripts against ConfigurationManager.cs (beside this file), and checks what was
called, with which files, and what a person is told. Works in Windows PowerShell 5.1 and in PowerShell 6 and later, on every system. The last
line counts; the exit status is 1 if a check failed.

.PARAMETER Certpath
The program that makes the exports.

.PARAMETER PowerShell
The program that is started where a check needs a process of its own. The one that runs this, if it is left out.

.EXAMPLE
pwsh -NoProfile -File tests/powershell/checks.ps1 -Certpath target/debug/certpath
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory = $true)]
    [string] $Certpath,

    [Parameter()]
    [string] $PowerShell = [System.Diagnostics.Process]::GetCurrentProcess().MainModule.FileName
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$certpath = (Get-Command -Name $Certpath -CommandType Application | Select-Object -First 1).Path
$repository = [System.IO.Path]::GetFullPath([System.IO.Path]::Combine($PSScriptRoot, '..', '..'))
$temporary = [System.IO.Path]::Combine([System.IO.Path]::GetTempPath(), 'certpath-checks-{0}' -f [guid]::NewGuid())
$log = [System.IO.Path]::Combine($temporary, 'calls.txt')
$scriptName = 'Import-CmgCertificates.ps1'

$passed = 0
$failed = 0

# How a check is said and counted, how a script is run, and what is set up for it.
$helpers = [System.IO.Path]::Combine($PSScriptRoot, 'sessions.ps1')
. $helpers

$gateway = 'Set-CMCloudManagementGateway'
$component = 'Get-CMSiteComponent'
$siteCmdlet = 'Set-CMSite'
$everything = '& $Script -Name G -SiteCode ABC -AddToSiteTrustedRoots'

Write-Output ('PowerShell {0}' -f $PSVersionTable.PSVersion)
$null = [System.IO.Directory]::CreateDirectory([System.IO.Path]::Combine($temporary, 'exports'))
try {
    New-Module -Place 'console' -Definition ''
    New-Module -Place 'console-2006' -Definition "#define BEFORE_2010`n"
    $contoso = New-Export -Name 'contoso' -Source 'contoso'
    $hostile = New-Export -Name 'hostile-names' -Source 'pki/hostile-names'
    $renewed = New-Export -Name 'renewed-new-key' -Source 'pki/renewed-new-key' -Option '--all-paths'
    $oneRoot = New-Export -Name 'two-roots-one-name' -Source 'pki/two-roots-one-name' -Option '--all-cas'
    $work = [System.IO.Path]::Combine($temporary, 'work')

    # ---- what it does when nothing is in the way ----

    Confirm-That 'the CMG is given each file once, in its role, and nothing else is touched' {
        $run = Invoke-Session -Code '& $Script -Name G'
        Assert-Succeeded -Run $run
        Assert-Called -Run $run -Expected $gateway
        Assert-Equal -Of 'the name of the CMG' -Expected 'G' -Found $run.Calls[0].Details
        Assert-Equal -Of 'what the CMG is given' -Expected (Get-Expected -Folder $contoso -RootRole 'RootCA' -IntermediateRole 'IntermediateCA') -Found (Get-Recorded -Call $run.Calls[0])
        Assert-Says -Expected 'Add 1 root certificate and 3 intermediate certificates: done, cloud management gateway G.' -Found $run.Text
    }
    Confirm-That 'the name may stand without -Name' {
        $run = Invoke-Session -Code '& $Script G'
        Assert-Succeeded -Run $run
        Assert-Called -Run $run -Expected $gateway
    }
    foreach ($folder in $contoso, $renewed, $oneRoot) {
        Confirm-That ('with both switches CMG and site are given the certificates of {0}' -f [System.IO.Path]::GetFileName($folder)) {
            Assert-Everything -Folder $folder -Run (Invoke-Session -Folder $folder -Code $everything)
        }
    }
    Confirm-That 'what the site trusts is printed before the change, then what is added' {
        $run = Invoke-Session -Code $everything
        $root = (Read-Manifest -Folder $contoso).roots[0]
        Assert-Says -Found $run.Text -Expected 'Site ABC says of its certificates, before the change:', 'Certificate Store {0}: 1 MY $(Stop-Computer)', 'EARLIER-ROOT-1', 'EARLIER-ROOT-2',
            'To be added', $root.thumbprint, $root.subject, 'Add 1 root certificate to the trusted root certification authorities: done, site ABC.'
    }
    Confirm-That 'where nothing is recognised it says so, instead of showing an empty list' {
        $run = Invoke-Session -Code $everything -With @{ STANDIN_COMPONENT = 'unknown' }
        Assert-Everything -Folder $contoso -Run $run
        Assert-Says -Found $run.Text -Expected 'before the change:', 'Nothing in its record was recognised.', 'does not mean that its list is empty', 'Trusted Root Certification Authorities'
    }
    Confirm-That 'one is counted as one and several as several' {
        $manifest = Read-Manifest -Folder $renewed
        $counts = foreach ($count in @($manifest.roots).Count, @($manifest.intermediates).Count) { if ($count -eq 1) { '1 {0} certificate' } else { '{0} {{0}} certificates' -f $count } }
        $expected = 'Add {0} and {1}: done' -f ($counts[0] -f 'root'), ($counts[1] -f 'intermediate')
        Assert-Says -Found (Invoke-Session -Folder $renewed -Code '& $Script -Name G').Text -Expected $expected
    }
    Confirm-That '-SiteCode alone only says which site' {
        $run = Invoke-Session -Code '& $Script -Name G -SiteCode ABC'
        Assert-Succeeded -Run $run
        Assert-Called -Run $run -Expected $gateway
    }
    Confirm-That 'a switch that is off is off' {
        $run = Invoke-Session -Code '& $Script -Name G -SiteCode ABC -AddToSiteTrustedRoots:$false'
        Assert-Succeeded -Run $run
        Assert-Called -Run $run -Expected $gateway
    }
    Confirm-That 'the same again does the same again' {
        $run = Invoke-Session -Code '& $Script -Name G; & $Script -Name G'
        Assert-Succeeded -Run $run
        Assert-Called -Run $run -Expected $gateway, $gateway
        Assert-Equal -Of 'what the CMG is given the second time' -Expected (Get-Recorded -Call $run.Calls[0]) -Found (Get-Recorded -Call $run.Calls[1])
    }
    Confirm-That 'Get-Help shows what it is for, its parameters and examples' {
        $run = Invoke-Session -Code 'Get-Help -Name $Script -Full | Out-String -Width 200'
        Assert-Says -Found $run.Text -Expected 'Gives a cloud management gateway (CMG) the CA certificates of this folder.', 'The name of the CMG, as the console shows it.', '-WhatIf', 'GraniteFalls'
    }
    Confirm-That 'started as a file it ends with status 0, and with 1 where it fails' {
        $run = Invoke-Process -File ([System.IO.Path]::Combine($contoso, $scriptName)) -Arguments '-Name', 'G'
        Assert-Succeeded -Run $run
        Assert-Called -Run $run -Expected $gateway
        $run = Invoke-Process -File ([System.IO.Path]::Combine($contoso, $scriptName)) -Arguments '-Name', 'G' -With @{ STANDIN_FAIL = $gateway }
        Assert-Refused -Run $run -Saying 'refused'
        Assert-Called -Run $run -Expected $gateway
    }
    Confirm-That 'the comment for a new CMG makes the table that a CMG that exists is given' {
        $text = [System.IO.File]::ReadAllText([System.IO.Path]::Combine($contoso, $scriptName)) -replace "`r`n", "`n"
        $comment = $text.Substring($text.IndexOf('# A new CMG takes the same certificates', [System.StringComparison]::Ordinal))
        $code = @($comment -split "`n" | Where-Object -FilterScript { $_ -like '#   *' } | ForEach-Object -Process { $_.Substring(4) }) -join "`n"
        $code = $code.Replace('<site code>', 'ABC').Replace('<folder>', $contoso.Replace("'", "''")) -replace '<[^<>]*>', 'x'
        $run = Invoke-Session -Code ('function Read-Host { New-Object -TypeName System.Security.SecureString }; $null = & $Script -Name G -WhatIf;' + "`n" + $code)
        Assert-Succeeded -Run $run
        Assert-Called -Run $run -Expected 'New-CMCloudManagementGateway'
        Assert-Equal -Of 'what the new CMG is given' -Expected (Get-Expected -Folder $contoso -RootRole 'RootCA' -IntermediateRole 'IntermediateCA') -Found (Get-Recorded -Call $run.Calls[0])
    }

    # ---- -WhatIf ----

    Confirm-That '-WhatIf says what would be done and does nothing' {
        $run = Invoke-Child -Code '& $Script -Name G -WhatIf'
        Assert-Succeeded -Run $run
        Assert-Called -Run $run -Expected @()
        Assert-Says -Found $run.Text -Expected 'Add 1 root certificate and 3 intermediate certificates', 'cloud management gateway G'
        Assert-Equal -Of 'whether it says that it is done' -Expected $false -Found $run.Text.Contains(': done')
    }
    Confirm-That '-WhatIf with both switches only reads what the site trusts' {
        $run = Invoke-Child -Code ($everything + ' -WhatIf')
        Assert-Succeeded -Run $run
        Assert-Called -Run $run -Expected $component
        Assert-Says -Found $run.Text -Expected 'EARLIER-ROOT-1', 'To be added', 'Add 1 root certificate to the trusted root certification authorities', 'site ABC'
        Assert-Equal -Of 'whether it says that it is done' -Expected $false -Found $run.Text.Contains(': done')
    }
    Confirm-That 'a preference of the session for -WhatIf counts as well, and stays' {
        $run = Invoke-Session -Code ('$global:WhatIfPreference = $true; $null = {0}; $WhatIfPreference; (Get-Alias -Name standin-alias).Definition' -f $everything)
        Assert-Succeeded -Run $run
        Assert-Called -Run $run -Expected $component
        Assert-Equal -Of 'the preference afterwards, and an alias of the module, which shows that it was imported whole' -Expected 'True', 'Get-CMSiteComponent' -Found $run.Lines
    }
    Confirm-That '-WhatIf of a script that is started as a file keeps nothing of the module out' {
        $run = Invoke-Process -File ([System.IO.Path]::Combine($contoso, $scriptName)) -Arguments '-Name', 'G', '-WhatIf'
        Assert-Succeeded -Run $run
        Assert-Called -Run $run -Expected @()
        Assert-Says -Found $run.Text -Expected 'Add 1 root certificate and 3 intermediate certificates'
        Assert-Equal -Of 'whether the alias of the module is named' -Expected $false -Found $run.Text.Contains('standin-alias')
    }
    Confirm-That 'what was off before an import that fails is off afterwards' {
        $run = Invoke-Session -Code 'try { & $Script -Name G } catch { $null = $_ }; $WhatIfPreference; $global:WhatIfPreference' -With @{ SMS_ADMIN_UI_PATH = '/nowhere/bin/i386' }
        Assert-Equal -Of 'the preference for -WhatIf' -Expected 'False', 'False' -Found @($run.Lines | Select-Object -Last 2)
    }

    # ---- what it refuses ----

    Confirm-That 'the site is touched only where it is named' {
        $run = Invoke-Session -Code '& $Script -Name G -AddToSiteTrustedRoots'
        Assert-Refused -Run $run -Saying '-AddToSiteTrustedRoots needs -SiteCode'
        Assert-Called -Run $run -Expected @()
    }
    foreach ($code in 'A*C', 'AB', 'ABCD', 'A;C', '?BC', "ABC`n", '') {
        Confirm-That ('<{0}> is no site code' -f $code.Replace("`n", '\n')) {
            $run = Invoke-Session -Code ("& `$Script -Name G -SiteCode '{0}'" -f $code)
            Assert-Refused -Run $run -Saying 'SiteCode'
            Assert-Called -Run $run -Expected @()
        }
    }
    Confirm-That 'text that is run without being a file is refused' {
        $run = Invoke-Session -Code '& ([scriptblock]::Create([System.IO.File]::ReadAllText($Script))) -Name G'
        Assert-Refused -Run $run -Saying 'Run this as a file'
        Assert-Called -Run $run -Expected @()
    }
    Confirm-That 'in Constrained Language Mode it says so and what to do' {
        $run = Invoke-Session -Code '$ExecutionContext.SessionState.LanguageMode = ''ConstrainedLanguage''; & $Script -Name G'
        Assert-Refused -Run $run -Saying 'ConstrainedLanguage', 'Nothing was changed.', 'README.txt'
        Assert-Called -Run $run -Expected @()
    }
    Confirm-That 'of several sites it asks which' {
        $run = Invoke-Session -Code '& $Script -Name G' -With @{ STANDIN_DRIVES = 'ABC,XYZ' }
        Assert-Refused -Run $run -Saying 'several sites: ABC, XYZ', '-SiteCode'
        Assert-Called -Run $run -Expected @()
    }
    Confirm-That 'of several sites it takes the one that is named, in whatever case' {
        $run = Invoke-Session -Code '& $Script -Name G -SiteCode xyz' -Site 'XYZ' -With @{ STANDIN_DRIVES = 'ABC,XYZ' }
        Assert-Succeeded -Run $run
        Assert-Called -Run $run -Expected $gateway
    }
    Confirm-That 'a site without a drive is not replaced by another' {
        $run = Invoke-Session -Code '& $Script -Name G -SiteCode DEF'
        Assert-Refused -Run $run -Saying 'No drive of a Configuration Manager site was found', 'New-PSDrive'
        Assert-Called -Run $run -Expected @()
    }
    Confirm-That 'without a drive it says how to get one' {
        $run = Invoke-Session -Code '& $Script -Name G' -With @{ STANDIN_DRIVES = '' }
        Assert-Refused -Run $run -Saying 'No drive of a Configuration Manager site was found', 'New-PSDrive'
        Assert-Called -Run $run -Expected @()
    }
    Confirm-That 'on a computer without the console it says which module is missing, and what to do' {
        foreach ($path in '', '/nowhere/bin/i386') {
            $run = Invoke-Session -Code '& $Script -Name G' -With @{ SMS_ADMIN_UI_PATH = $path }
            Assert-Refused -Run $run -Saying 'ConfigurationManager', 'Nothing was changed.', 'README.txt'
            Assert-Called -Run $run -Expected @()
        }
    }
    Confirm-That 'a console before version 2010 is told by its version' {
        $run = Invoke-Child -Code '& $Script -Name G' -With @{ SMS_ADMIN_UI_PATH = [System.IO.Path]::Combine($temporary, 'console-2006', 'bin', 'i386') }
        Assert-Refused -Run $run -Saying 'must be of version 2010'
        Assert-Called -Run $run -Expected @()
    }

    # ---- where a cmdlet fails ----

    Confirm-That 'where what the site trusts cannot be read, its list is left as it is' {
        foreach ($with in @{ STANDIN_FAIL = $component }, @{ STANDIN_COMPONENT = 'bare' }) {
            $run = Invoke-Session -Code $everything -With $with
            Assert-Refused -Run $run -Saying 'its list is left as it is', 'Trusted Root Certification Authorities'
            Assert-Called -Run $run -Expected $gateway, $component
        }
    }
    Confirm-That 'a refusal by the site ends the script, whatever the session prefers' {
        $run = Invoke-Session -Code ('$ErrorActionPreference = ''SilentlyContinue''; {0}' -f $everything) -With @{ STANDIN_FAIL = $gateway }
        Assert-Refused -Run $run -Saying 'The site refused Set-CMCloudManagementGateway {0}.'
        Assert-Called -Run $run -Expected $gateway
        Assert-Equal -Of 'whether it says that it is done' -Expected $false -Found $run.Text.Contains(': done')
    }
    Confirm-That 'a refusal of the roots by the site is not told as done' {
        $run = Invoke-Session -Code $everything -With @{ STANDIN_FAIL = $siteCmdlet }
        Assert-Refused -Run $run -Saying 'The site refused Set-CMSite {0}.'
        Assert-Equal -Of 'whether it says that it is done' -Expected $false -Found $run.Text.Contains('done, site')
    }

    # ---- what it leaves behind in the session ----

    Confirm-That 'the session is afterwards where it was, also after a failure' {
        $code = 'Set-Location -LiteralPath $Folder; try { $null = & $Script -Name G } catch { $null = $_ }; (Get-Location).Path'
        foreach ($with in @{}, @{ STANDIN_FAIL = $gateway }) {
            $run = Invoke-Session -Code $code -With $with
            Assert-Called -Run $run -Expected $gateway
            Assert-Equal -Of 'the current location' -Expected $contoso -Found $run.Text
        }
    }
    Confirm-That 'strict mode and preferences of the script do not reach the session, nor the other way' {
        $run = Invoke-Session -Code '$null = & $Script -Name G; $ErrorActionPreference; ''loose '' + $undefined'
        Assert-Succeeded -Run $run
        Assert-Equal -Of 'the preferences of a loose session' -Expected 'Continue', 'loose ' -Found $run.Lines
        $run = Invoke-Session -Code ('Set-StrictMode -Version Latest; $ErrorActionPreference = ''Stop''; $null = {0}; $ErrorActionPreference; try {{ $undefined }} catch {{ ''strict'' }}' -f $everything)
        Assert-Called -Run $run -Expected $gateway, $component, $siteCmdlet
        Assert-Equal -Of 'the preferences of a strict session' -Expected 'Stop', 'strict' -Found $run.Lines
    }

    # ---- from where it is run ----

    Confirm-That 'it runs from the drive of the site, and stays there' {
        $run = Invoke-Session -Code 'Import-Module -Name (Join-Path -Path (Split-Path -Path $env:SMS_ADMIN_UI_PATH) -ChildPath ConfigurationManager.psd1); Set-Location -LiteralPath ABC:\; $null = & $Script -Name G; (Get-Location).Drive.Name'
        Assert-Succeeded -Run $run
        Assert-Called -Run $run -Expected $gateway
        Assert-Equal -Of 'the current drive' -Expected 'ABC' -Found $run.Text
    }
    Confirm-That 'it runs by a relative path and by a drive that PowerShell alone knows' {
        foreach ($code in ('Set-Location -LiteralPath $Folder; ./{0} -Name G' -f $scriptName), ('$null = New-PSDrive -Name X -PSProvider FileSystem -Root $Folder; & X:/{0} -Name G' -f $scriptName)) {
            $run = Invoke-Session -Code $code
            Assert-Succeeded -Run $run
            Assert-Called -Run $run -Expected $gateway
            Assert-Equal -Of 'what the CMG is given' -Expected (Get-Expected -Folder $contoso -RootRole 'RootCA' -IntermediateRole 'IntermediateCA') -Found (Get-Recorded -Call $run.Calls[0])
        }
    }
    $names = @('a b [1] O''Brien', '$(throw) `n', ('{0}q{1} {2} {3}' -f [char] 0x2018, [char] 0x2019, [char] 0xfc, [char] 0x6f22), '{0}', '#h;&', '~t', '[a-c]')
    # Windows has no such names.
    if ([System.IO.Path]::DirectorySeparatorChar -eq '/') {
        $names += 'x*y?z', '"|<>'
    }
    foreach ($name in $names) {
        Confirm-That ('it runs in a folder that is called {0}' -f $name) {
            $place = [System.IO.Path]::Combine($work, $name)
            Copy-Export -From $contoso -To $place
            Assert-Everything -Folder $place -Run (Invoke-Session -Folder $place -Code $everything)
        }
    }

    # ---- files that are not as they were exported ----

    $root = [System.IO.Path]::Combine($work, 'roots', [System.IO.Path]::GetFileName((Read-Manifest -Folder $contoso).roots[0].file))
    $last = [System.IO.Path]::Combine($work, 'intermediates', [System.IO.Path]::GetFileName((Read-Manifest -Folder $contoso).intermediates[-1].file))
    $changes = @(
        @{ Name = 'is missing'; Saying = @($last, 'is missing. Nothing was changed.'); Change = { [System.IO.File]::Delete($last) } }
        @{ Name = 'is a folder now'; Saying = @($root, 'is missing. Nothing was changed.'); Change = { [System.IO.File]::Delete($root); $null = [System.IO.Directory]::CreateDirectory($root) } }
        @{ Name = 'has one byte more'; Saying = @($root, 'is not the file that was exported', 'Nothing was changed.'); Change = { [System.IO.File]::AppendAllText($root, 'x') } }
        @{ Name = 'is empty'; Saying = @($last, 'is not the file that was exported', 'Nothing was changed.'); Change = { [System.IO.File]::WriteAllText($last, '') } }
        @{ Name = 'has been exchanged for another of the folder'; Saying = @($root, 'is not the file that was exported', 'Nothing was changed.'); Change = { [System.IO.File]::Copy($last, $root, $true) } }
    )
    foreach ($change in $changes) {
        Confirm-That ('nothing is done where a file {0}' -f $change.Name) {
            foreach ($switch in '', ' -WhatIf') {
                Copy-Export -From $contoso -To $work
                & $change.Change
                $run = Invoke-Session -Folder $work -Code ($everything + $switch)
                Assert-Refused -Run $run -Saying $change.Saying
                Assert-Called -Run $run -Expected @()
            }
        }
    }
    Confirm-That 'nothing is done where a file cannot be read, and it says which and what to do' {
        Copy-Export -From $contoso -To $work
        $lock = [System.IO.File]::Open($last, [System.IO.FileMode]::Open, [System.IO.FileAccess]::ReadWrite, [System.IO.FileShare]::None)
        try {
            $run = Invoke-Session -Folder $work -Code $everything
        }
        finally {
            $lock.Dispose()
        }
        Assert-Refused -Run $run -Saying $last, 'cannot be read', 'Nothing was changed.', 'Run this as someone who may read it'
        Assert-Called -Run $run -Expected @()
    }
    Confirm-That 'every file is closed again' {
        Copy-Export -From $contoso -To $work
        $run = Invoke-Session -Folder $work -Code '& $Script -Name G; foreach ($file in Get-ChildItem -LiteralPath $Folder -Recurse -Filter *.cer) { [System.IO.File]::Open($file.FullName, ''Open'', ''ReadWrite'', ''None'').Dispose() }'
        Assert-Succeeded -Run $run
    }
    Confirm-That 'a file that was put beside them is not taken' {
        Copy-Export -From $contoso -To $work
        [System.IO.File]::WriteAllText([System.IO.Path]::Combine($work, 'roots', 'extra.cer'), 'another')
        $run = Invoke-Session -Folder $work -Code $everything
        Assert-Everything -Folder $work -Run $run
    }

    # ---- names that would be code, were they not quoted ----

    $hostileName = '''; Stop-Computer; $(Stop-Computer) [*] {0}'
    $traps = @('Stop-Computer', 'Remove-Item', 'calc', 'cmd', 'Start-Process', 'Invoke-Expression', 'Invoke-WebRequest')
    $arm = @($traps | ForEach-Object -Process { 'function global:{0} {{ $global:executed += ''{0} '' }}' -f $_ }) -join '; '
    $code = '$global:executed = ''''; {0}; & $Script -Name ''{1}'' -SiteCode ABC -AddToSiteTrustedRoots; ''executed: '' + $global:executed' -f $arm, $hostileName.Replace("'", "''")
    foreach ($folder in $hostile, $contoso) {
        Confirm-That ('no name of {0} is executed, nor the name of a CMG' -f [System.IO.Path]::GetFileName($folder)) {
            $run = Invoke-Session -Folder $folder -Code $code
            Assert-Everything -Folder $folder -Run $run -Name $hostileName
            Assert-Equal -Of 'what was executed' -Expected 'executed: ' -Found $run.Lines[-1]
            Assert-Equal -Of 'whether anything but printable ASCII was printed' -Expected $false -Found ($run.Lines -join '' -cmatch '[^ -~]')
        }
        Confirm-That ('each subject of {0} is printed as the manifest has it' -f [System.IO.Path]::GetFileName($folder)) {
            $run = Invoke-Session -Folder $folder -Code '& $Script -Name G'
            $manifest = Read-Manifest -Folder $folder
            foreach ($entry in @($manifest.roots) + @($manifest.intermediates)) {
                $line = @($run.Lines | Where-Object -FilterScript { $_.Contains($entry.thumbprint) })
                Assert-Equal -Of ('how many lines have {0}' -f $entry.thumbprint) -Expected 1 -Found $line.Count
                $shown = $line[0].Substring($line[0].IndexOf($entry.thumbprint) + $entry.thumbprint.Length + 2)
                $shown = [regex]::Replace($shown, '\\u\{([0-9a-f]+)\}', { param($match) [char]::ConvertFromUtf32([System.Convert]::ToInt32($match.Groups[1].Value, 16)) })
                Assert-Equal -Of 'the subject' -Expected $entry.subject -Found $shown
            }
        }
    }
}
finally {
    # A process on Windows keeps the assemblies that it has loaded.
    Remove-Item -LiteralPath $temporary -Recurse -Force -ErrorAction SilentlyContinue
}

Write-Output ('{0} passed, {1} failed' -f $passed, $failed)
if ($failed -gt 0) {
    exit 1
}
