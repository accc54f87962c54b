// When the machine is patched (optional part `maintenance-window`): Sundays from 03:00 to 05:00 UTC.
import type { LinuxVirtualMachine } from '@cdktf/provider-azurerm/lib/linux-virtual-machine';
import { MaintenanceAssignmentVirtualMachine } from '@cdktf/provider-azurerm/lib/maintenance-assignment-virtual-machine';
import { MaintenanceConfiguration } from '@cdktf/provider-azurerm/lib/maintenance-configuration';
import { Construct } from 'constructs';
import { type Place, placed } from './place';

/** Replaces Ubuntu's own unattended upgrades; see `patching` of the machine. */
export function addMaintenanceWindow(stack: Construct, place: Place, machine: LinuxVirtualMachine): void {
  const scope = new Construct(stack, 'maintenance');
  const window = new MaintenanceConfiguration(scope, 'window', {
    ...placed(place, 'mc'),
    scope: 'InGuestPatch',
    inGuestUserPatchMode: 'User',
    window: {
      // Azure refuses a date in the past. Once the window exists, only its recurrence matters.
      startDateTime: `\${formatdate("YYYY-MM-DD 03:00", timeadd(timestamp(), "24h"))}`,
      duration: '02:00',
      timeZone: 'UTC',
      recurEvery: '1Week Sunday',
    },
    installPatches: {
      reboot: 'IfRequired',
      linux: [{ classificationsToInclude: ['Critical', 'Security'] }],
    },
    lifecycle: { ignoreChanges: ['window[0].start_date_time'] },
  });
  new MaintenanceAssignmentVirtualMachine(scope, 'assignment', {
    location: place.resourceGroup.location,
    maintenanceConfigurationId: window.id,
    virtualMachineId: machine.id,
  });
}
