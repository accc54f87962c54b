// When the machine is patched (optional part `maintenance-window`): Sundays from 03:00 to 05:00 UTC.
import type { LinuxVirtualMachine } from '@cdktf/provider-azurerm/lib/linux-virtual-machine';
import { MaintenanceAssignmentVirtualMachine } from '@cdktf/provider-azurerm/lib/maintenance-assignment-virtual-machine';
import { MaintenanceConfiguration } from '@cdktf/provider-azurerm/lib/maintenance-configuration';
import { Construct } from 'constructs';
import { azureName } from '../core/names';
import { type PartProps, placeIn } from './place';

export interface MaintenanceWindowProps extends PartProps {
  readonly machine: LinuxVirtualMachine;
}

/** Replaces Ubuntu's own unattended upgrades; see `patching` of the machine. */
export class MaintenanceWindow extends Construct {
  constructor(scope: Construct, id: string, { config, resourceGroup, machine }: MaintenanceWindowProps) {
    super(scope, id);
    const window = new MaintenanceConfiguration(this, 'window', {
      ...placeIn(resourceGroup),
      name: azureName(config, 'mc'),
      scope: 'InGuestPatch',
      inGuestUserPatchMode: 'User',
      window: {
        // Azure refuses a date in the past. Once the window exists, only its recurrence matters.
        startDateTime: `\${formatdate("YYYY-MM-DD 03:00", timeadd(plantimestamp(), "24h"))}`,
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
    new MaintenanceAssignmentVirtualMachine(this, 'assignment', {
      location: resourceGroup.location,
      maintenanceConfigurationId: window.id,
      virtualMachineId: machine.id,
    });
  }
}
