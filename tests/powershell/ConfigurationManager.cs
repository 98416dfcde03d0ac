// Stands in for the PowerShell module of the Configuration Manager console: what Import-CmgCertificates.ps1 needs of it, as Microsoft documents
// it, recording instead of acting. C# 5, because that is what Add-Type of Windows PowerShell 5.1 compiles.
//
// Environment variables switch it:
//   STANDIN_LOG        the file that each call is recorded in: one line, fields separated by tabs; certificates in indented lines below
//   STANDIN_DRIVES     the site codes whose drives there are, separated by commas
//   STANDIN_FAIL       the cmdlets that report an error which does not end them, as the real ones do, separated by commas
//   STANDIN_COMPONENT  what Get-CMSiteComponent gives: "unknown" has no property that says anything of certificates, "bare" no properties at all

using System;
using System.Collections;
using System.Collections.Generic;
using System.Collections.ObjectModel;
using System.IO;
using System.Management.Automation;
using System.Management.Automation.Provider;
using System.Security;
using System.Security.Cryptography;

// Modules before version 2010 have neither this type nor the parameter that takes it.
#if !BEFORE_2010
namespace Microsoft.ConfigurationManagement.AdminConsole.AzureServices
{
    public enum CertificateStore
    {
        RootCA = 0,
        IntermediateCA = 1
    }
}
#endif

namespace StandIn
{
    internal static class Switches
    {
        internal static string Value(string name)
        {
            return Environment.GetEnvironmentVariable(name) ?? "";
        }

        internal static string[] List(string name)
        {
            return Value(name).Split(new[] { ',' }, StringSplitOptions.RemoveEmptyEntries);
        }
    }

    /// The drive of a site: there is nothing in it but the place itself.
    [CmdletProvider("CMSite", ProviderCapabilities.ShouldProcess)]
    public class SiteProvider : NavigationCmdletProvider
    {
        protected override Collection<PSDriveInfo> InitializeDefaultDrives()
        {
            var drives = new Collection<PSDriveInfo>();
            foreach (string site in Switches.List("STANDIN_DRIVES"))
            {
                drives.Add(new PSDriveInfo(site, ProviderInfo, "siteserver." + site, "", null));
            }
            return drives;
        }

        protected override bool IsValidPath(string path)
        {
            return true;
        }

        protected override bool ItemExists(string path)
        {
            return true;
        }

        protected override bool IsItemContainer(string path)
        {
            return true;
        }
    }

    /// What every cmdlet of the module does: it runs only on the drive of a site.
    public abstract class SiteCmdlet : PSCmdlet
    {
        protected override void BeginProcessing()
        {
            if (SessionState.Path.CurrentLocation.Provider.Name != "CMSite")
            {
                var error = new InvalidOperationException("This command cannot be run from the current drive.");
                ThrowTerminatingError(new ErrorRecord(error, "WrongDrive", ErrorCategory.InvalidOperation, null));
            }
        }

        protected void Record(params string[] fields)
        {
            var line = new List<string> { MyInvocation.MyCommand.Name, SessionState.Path.CurrentLocation.Drive.Name };
            line.AddRange(fields);
            Append(string.Join("\t", line.ToArray()));
        }

        /// False under -WhatIf, which is recorded too: the script should not have come here.
        protected bool MayChange(string target)
        {
            if (ShouldProcess(target))
            {
                return true;
            }
            Record("not done");
            return false;
        }

        protected void RecordFile(string role, string path)
        {
            using (SHA256 sha256 = SHA256.Create())
            {
                string hash = BitConverter.ToString(sha256.ComputeHash(File.ReadAllBytes(path))).Replace("-", "");
                Append("\t" + role + "\t" + hash.ToLowerInvariant() + "\t" + path);
            }
        }

#if !BEFORE_2010
        protected void RecordTable(Hashtable table)
        {
            foreach (DictionaryEntry entry in table)
            {
                if (!(entry.Key is string) || !(entry.Value is Microsoft.ConfigurationManagement.AdminConsole.AzureServices.CertificateStore))
                {
                    throw new ArgumentException("-CARootCert maps paths to certificate stores, not " + entry.Key.GetType() + " to " + entry.Value.GetType());
                }
                RecordFile(entry.Value.ToString(), (string)entry.Key);
            }
        }
#endif

        protected void FailIfAsked()
        {
            string name = MyInvocation.MyCommand.Name;
            if (Array.IndexOf(Switches.List("STANDIN_FAIL"), name) >= 0)
            {
                var error = new InvalidOperationException("The site refused " + name + " {0}.");
                WriteError(new ErrorRecord(error, "Refused", ErrorCategory.InvalidOperation, null));
            }
        }

        private static void Append(string line)
        {
            File.AppendAllText(Switches.Value("STANDIN_LOG"), line + "\n");
        }
    }

    [Cmdlet(VerbsCommon.Set, "CMCloudManagementGateway", SupportsShouldProcess = true)]
    public class SetGateway : SiteCmdlet
    {
        [Parameter(Mandatory = true)]
        public string Name { get; set; }

#if !BEFORE_2010
        [Parameter]
        [Alias("CARootCertificate", "CARootCertificates")]
        public Hashtable CARootCert { get; set; }
#endif

        protected override void ProcessRecord()
        {
            if (!MayChange(Name))
            {
                return;
            }
            Record(Name);
#if !BEFORE_2010
            RecordTable(CARootCert);
#endif
            FailIfAsked();
        }
    }

#if !BEFORE_2010
    [Cmdlet(VerbsCommon.New, "CMCloudManagementGateway", SupportsShouldProcess = true)]
    public class NewGateway : SiteCmdlet
    {
        [Parameter(Mandatory = true)]
        public string ServiceCertPath { get; set; }

        [Parameter]
        public SecureString ServiceCertPassword { get; set; }

        [Parameter(Mandatory = true)]
        public string EnvironmentSetting { get; set; }

        [Parameter(Mandatory = true)]
        public string SubscriptionId { get; set; }

        [Parameter]
        public string GroupName { get; set; }

        [Parameter]
        public string Region { get; set; }

        [Parameter]
        public int VMInstanceCount { get; set; }

        [Parameter]
        [Alias("CARootCertification", "CARootCertifications")]
        public Hashtable CARootCert { get; set; }

        [Parameter]
        public bool CheckClientCertRevocation { get; set; }

        protected override void ProcessRecord()
        {
            if (!MayChange(ServiceCertPath))
            {
                return;
            }
            Record(ServiceCertPath);
            RecordTable(CARootCert);
            FailIfAsked();
        }
    }
#endif

    [Cmdlet(VerbsCommon.Get, "CMSiteComponent")]
    public class GetSiteComponent : SiteCmdlet
    {
        [Parameter]
        public string SiteCode { get; set; }

        [Parameter]
        public string ComponentName { get; set; }

        protected override void ProcessRecord()
        {
            Record(SiteCode, ComponentName);
            FailIfAsked();
            var component = new PSObject();
            if (Switches.Value("STANDIN_COMPONENT") != "bare")
            {
                bool isKnown = Switches.Value("STANDIN_COMPONENT") != "unknown";
                PSObject property = With(null, "PropertyName", isKnown ? "Certificate Store {0}" : "Heartbeat");
                With(With(With(property, "Value", 1), "Value1", "MY"), "Value2", "$(Stop-Computer)");
                PSObject list = With(null, "PropertyListName", isKnown ? "Trusted Root CA" : "Others");
                With(list, "Values", new[] { "EARLIER-ROOT-1", "EARLIER-ROOT-2" });
                With(With(component, "Props", new[] { property }), "PropLists", new[] { list });
            }
            WriteObject(component);
        }

        private static PSObject With(PSObject it, string name, object value)
        {
            it = it ?? new PSObject();
            it.Properties.Add(new PSNoteProperty(name, value));
            return it;
        }
    }

    [Cmdlet(VerbsCommon.Set, "CMSite", SupportsShouldProcess = true)]
    public class SetSite : SiteCmdlet
    {
        [Parameter(Mandatory = true)]
        public string SiteCode { get; set; }

        [Parameter]
        public string[] AddCertificateByPath { get; set; }

        protected override void ProcessRecord()
        {
            if (!MayChange(SiteCode))
            {
                return;
            }
            Record(SiteCode);
            foreach (string path in AddCertificateByPath)
            {
                RecordFile("added", path);
            }
            FailIfAsked();
        }
    }
}
