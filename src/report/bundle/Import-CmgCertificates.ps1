#Requires -Version 5.1

<#
.SYNOPSIS
Gives a cloud management gateway (CMG) the CA certificates of this folder.

.DESCRIPTION
Checks the SHA-256 of every certificate file before anything is changed, enters the drive of the Configuration Manager
site, and calls Set-CMCloudManagementGateway with the files. Needs the Configuration Manager console, version 2010 or
later, on this computer. With -WhatIf the files are checked and nothing is changed.

.PARAMETER Name
The name of the CMG, as the console shows it.

.PARAMETER SiteCode
The site, where this computer has the drives of several.

.PARAMETER AddToSiteTrustedRoots
Also adds the roots, and only the roots, to the site's list of trusted root certification authorities. Every client of
the site that uses a PKI certificate depends on that list: it is printed first. Needs -SiteCode.

.EXAMPLE
.\Import-CmgCertificates.ps1 -Name 'GraniteFalls' -WhatIf

.EXAMPLE
.\Import-CmgCertificates.ps1 -Name 'GraniteFalls'

.EXAMPLE
.\Import-CmgCertificates.ps1 -Name 'GraniteFalls' -SiteCode 'ABC' -AddToSiteTrustedRoots
#>
[CmdletBinding(SupportsShouldProcess = $true)]
param(
    [Parameter(Mandatory = $true, Position = 0)]
    [ValidateNotNullOrEmpty()]
    [string] $Name,

    [Parameter()]
    [ValidatePattern('\A[A-Za-z0-9]{3}\z')]
    [string] $SiteCode,

    [Parameter()]
    [switch] $AddToSiteTrustedRoots
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$certificates = @(
#certificates
)

function Format-Count {
    [CmdletBinding()]
    [OutputType([string])]
    param(
        [Parameter(Mandatory = $true)]
        [int] $Count,

        [Parameter(Mandatory = $true)]
        [string] $What
    )

    if ($Count -eq 1) { '1 {0}' -f $What } else { '{0} {1}s' -f $Count, $What }
}

# What the site's own record says of certificates, as lines of text.
function Get-SiteCertificateSetting {
    [CmdletBinding()]
    [OutputType([string])]
    param(
        [Parameter(Mandatory = $true)]
        [string] $SiteCode
    )

    foreach ($component in @(Get-CMSiteComponent -SiteCode $SiteCode -ComponentName 'SMS_SITE_COMPONENT_MANAGER')) {
        foreach ($property in @($component.Props)) {
            if ($null -ne $property -and $property.PropertyName -match 'Cert|RootCA|Root CA') {
                '  {0}: {1} {2} {3}' -f $property.PropertyName, $property.Value, $property.Value1, $property.Value2
            }
        }
        foreach ($list in @($component.PropLists)) {
            if ($null -ne $list -and $list.PropertyListName -match 'Cert|RootCA|Root CA') {
                '  {0}:' -f $list.PropertyListName
                foreach ($value in @($list.Values)) {
                    '    {0}' -f $value
                }
            }
        }
    }
}

# Where an application control policy does not trust this file, almost every line below would fail with a message of its own.
if ($ExecutionContext.SessionState.LanguageMode -ne 'FullLanguage') {
    throw ('PowerShell runs this file in {0}, in which it can neither check nor hand on certificates: a policy of this computer (App Control for Business, AppLocker) does not trust the file. Nothing was changed. Have the policy trust it, by a signature or by its hash, or add the files in the console: README.txt beside this file says which goes where.' -f $ExecutionContext.SessionState.LanguageMode)
}
if (-not $PSScriptRoot) {
    throw 'Run this as a file, from the folder that the certificates are in: the paths are taken from its own place.'
}
if ($AddToSiteTrustedRoots -and -not $SiteCode) {
    throw '-AddToSiteTrustedRoots needs -SiteCode: name the site whose list of trusted roots is to be changed.'
}

# Every file is checked before anything is changed.
foreach ($certificate in $certificates) {
    $path = [System.IO.Path]::Combine($PSScriptRoot, $certificate.Folder, $certificate.File)
    if (-not [System.IO.File]::Exists($path)) {
        throw ('{0} is missing. Nothing was changed. Take the whole folder as it was exported.' -f $path)
    }
    # Opened here, because the current drive may be the site's, and Get-FileHash would look for a network path there.
    try {
        $stream = [System.IO.File]::OpenRead($path)
        try {
            $found = (Get-FileHash -Algorithm SHA256 -InputStream $stream).Hash.ToLowerInvariant()
        }
        finally {
            $stream.Dispose()
        }
    }
    catch {
        throw ('{0} cannot be read: {1} Nothing was changed. Run this as someone who may read it, after closing what else has it open, or from a copy of the whole folder.' -f $path, $_.Exception.GetBaseException().Message)
    }
    if ($found -cne $certificate.Sha256) {
        throw ('{0} is not the file that was exported: SHA-256 expected {1}, found {2}. Nothing was changed. Export again.' -f $path, $certificate.Sha256, $found)
    }
    $certificate.Path = $path
}
$roots = @($certificates | Where-Object -FilterScript { $_.Store -eq 'RootCA' })
$intermediates = @($certificates | Where-Object -FilterScript { $_.Store -eq 'IntermediateCA' })
foreach ($certificate in $certificates) {
    Write-Output ('{0,-14} {1}  {2}' -f $certificate.Store, $certificate.Thumbprint, $certificate.Subject)
}

if (-not (Get-Module -Name 'ConfigurationManager')) {
    # A module is imported whole only without -WhatIf: aliases and variables that it sets are changes too. It sees the global
    # preference, not this script's.
    $whatIf = $WhatIfPreference
    $globalWhatIf = $global:WhatIfPreference
    try {
        $WhatIfPreference = $false
        $global:WhatIfPreference = $false
        if ($env:SMS_ADMIN_UI_PATH) {
            # The variable names the folder bin\i386 of the console; the module is one folder above.
            $bin = [System.IO.Path]::GetDirectoryName($env:SMS_ADMIN_UI_PATH.TrimEnd('\', '/'))
            Import-Module -Name ([System.IO.Path]::Combine($bin, 'ConfigurationManager.psd1'))
        }
        else {
            # Since version 2111 the console puts the module where PowerShell finds it by name.
            Import-Module -Name 'ConfigurationManager'
        }
    }
    catch {
        throw ('The module of the Configuration Manager console cannot be loaded on this computer: {0} Nothing was changed. Copy the whole folder to a computer with the console, version 2010 or later, and run this there; or add the files in the console: README.txt beside this file says which goes where.' -f $_.Exception.Message)
    }
    finally {
        $global:WhatIfPreference = $globalWhatIf
        $WhatIfPreference = $whatIf
    }
}

$drives = @(Get-PSDrive -PSProvider 'CMSite' -ErrorAction SilentlyContinue)
if ($SiteCode) {
    $drives = @($drives | Where-Object -FilterScript { $_.Name -eq $SiteCode })
}
if ($drives.Count -eq 0) {
    throw 'No drive of a Configuration Manager site was found. Connect the console to the site once, or make the drive: New-PSDrive -Name ABC -PSProvider CMSite -Root siteserver.contoso.com'
}
if ($drives.Count -gt 1) {
    throw ('This computer has the drives of several sites: {0}. Say which with -SiteCode.' -f (@($drives | ForEach-Object -Process { $_.Name }) -join ', '))
}

Push-Location -LiteralPath ('{0}:\' -f $drives[0].Name)
try {
    try {
        $stores = @{
            RootCA         = [Microsoft.ConfigurationManagement.AdminConsole.AzureServices.CertificateStore]::RootCA
            IntermediateCA = [Microsoft.ConfigurationManagement.AdminConsole.AzureServices.CertificateStore]::IntermediateCA
        }
    }
    catch {
        throw ('The Configuration Manager module on this computer cannot add CA certificates to a CMG: it must be of version 2010 or later. {0}' -f $_.Exception.Message)
    }

    $caRootCert = @{}
    foreach ($certificate in $certificates) {
        $caRootCert[$certificate.Path] = $stores[$certificate.Store]
    }
    $action = 'Add {0} and {1}' -f (Format-Count -Count $roots.Count -What 'root certificate'), (Format-Count -Count $intermediates.Count -What 'intermediate certificate')
    if ($PSCmdlet.ShouldProcess(('cloud management gateway {0}' -f $Name), $action)) {
        Set-CMCloudManagementGateway -Name $Name -CARootCert $caRootCert -Confirm:$false
        Write-Output ('{0}: done, cloud management gateway {1}.' -f $action, $Name)
    }

    if ($AddToSiteTrustedRoots) {
        try {
            $settings = @(Get-SiteCertificateSetting -SiteCode $SiteCode)
        }
        catch {
            throw ('What site {0} trusts now cannot be printed, so its list is left as it is. Add the roots in the console: Administration > Site Configuration > Sites, Properties, Communication Security, Trusted Root Certification Authorities, Set. {1}' -f $SiteCode, $_.Exception.Message)
        }
        Write-Output ('Site {0} says of its certificates, before the change:' -f $SiteCode)
        if ($settings.Count -eq 0) {
            Write-Output '  Nothing in its record was recognised. That does not mean that its list is empty: it stands in the console, Administration > Site Configuration > Sites, Properties, Communication Security, Trusted Root Certification Authorities, Set.'
        }
        Write-Output $settings
        Write-Output 'To be added to its trusted root certification authorities:'
        foreach ($certificate in $roots) {
            Write-Output ('  {0}  {1}' -f $certificate.Thumbprint, $certificate.Subject)
        }
        $action = 'Add {0} to the trusted root certification authorities' -f (Format-Count -Count $roots.Count -What 'root certificate')
        if ($PSCmdlet.ShouldProcess(('site {0}' -f $SiteCode), $action)) {
            $rootPaths = [string[]] @($roots | ForEach-Object -Process { $_.Path })
            Set-CMSite -SiteCode $SiteCode -AddCertificateByPath $rootPaths -Confirm:$false
            Write-Output ('{0}: done, site {1}.' -f $action, $SiteCode)
        }
    }
}
finally {
    Pop-Location
}

# A new CMG takes the same certificates when it is made. Run the above with -WhatIf first: it checks the files and loads the module.
# What stands in angle brackets only you know; the folder is this one, as a full path, because the site's drive is the current one then:
#
#   Set-Location -LiteralPath '<site code>:\'
#   $folder = '<folder>'
#   $store = [Microsoft.ConfigurationManagement.AdminConsole.AzureServices.CertificateStore]
#   $caRootCert = @{}
#   foreach ($file in [System.IO.Directory]::GetFiles([System.IO.Path]::Combine($folder, 'roots'), '*.cer')) { $caRootCert[$file] = $store::RootCA }
#   foreach ($file in [System.IO.Directory]::GetFiles([System.IO.Path]::Combine($folder, 'intermediates'), '*.cer')) { $caRootCert[$file] = $store::IntermediateCA }
#   $password = Read-Host -Prompt 'Password of the server certificate' -AsSecureString
#   New-CMCloudManagementGateway -ServiceCertPath '<server certificate>.pfx' -ServiceCertPassword $password `
#       -EnvironmentSetting AzurePublicCloud -SubscriptionId '<subscription>' -GroupName '<resource group>' `
#       -Region '<region>' -VMInstanceCount 2 -CARootCert $caRootCert -CheckClientCertRevocation $true
#
# $true for -CheckClientCertRevocation is right only where the internet can fetch the CRLs of these CAs.
