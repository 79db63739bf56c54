"""Runs under MLflow's autologging of PyTorch Lightning, and loads the model again."""

from __future__ import annotations

import json

import lightning
import mlflow
import torch
from sklearn.datasets import load_digits
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 4

images, numbers = load_digits(return_X_y=True)
pixels, digits = torch.tensor(images, dtype=torch.float32) / 16, torch.tensor(numbers)
generator = torch.Generator().manual_seed(0)
order = torch.randperm(len(pixels), generator=generator)
train, test = order[:1400], order[1400:]


class Digits(lightning.LightningModule):
    """A small net that reads digits."""

    def __init__(self) -> None:
        super().__init__()
        self.net = torch.nn.Sequential(torch.nn.Linear(64, 32), torch.nn.ReLU(), torch.nn.Linear(32, 10))

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        return self.net(batch)

    def training_step(self, batch: list[torch.Tensor], number: int) -> torch.Tensor:
        loss = functional.cross_entropy(self(batch[0]), batch[1])
        self.log("train_loss", loss, on_epoch=True)
        return loss

    def validation_step(self, batch: list[torch.Tensor], number: int) -> None:
        guessed = self(batch[0]).argmax(dim=1)
        self.log("val_acc", (guessed == batch[1]).float().mean())

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), lr=0.01)


lightning.seed_everything(0)
mlflow.set_experiment("autolog")
mlflow.pytorch.autolog(log_every_n_epoch=1, checkpoint_monitor="val_acc", checkpoint_mode="max")
with mlflow.start_run(run_name="lightning") as run:
    net = Digits()
    trainer = lightning.Trainer(
        max_epochs=EPOCHS,
        accelerator="cpu",
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=True,
        enable_checkpointing=True,
    )
    trainer.fit(
        net,
        DataLoader(TensorDataset(pixels[train], digits[train]), batch_size=100),
        DataLoader(TensorDataset(pixels[test], digits[test]), batch_size=1000),
    )

found = mlflow.get_run(run.info.run_id)
assert found.info.status == "FINISHED"
values = {
    key: [each.value for each in mlflow.MlflowClient().get_metric_history(run.info.run_id, key)]
    for key in ("val_acc", "train_loss")
}
assert all(len(each) == EPOCHS for each in values.values()), values
assert values["train_loss"][-1] < values["train_loss"][0]
assert values["val_acc"][-1] == trainer.callback_metrics["val_acc"].item()

(output,) = found.outputs.model_outputs
again = mlflow.pytorch.load_model(f"models:/{output.model_id}")
net.eval()
with torch.no_grad():
    assert torch.equal(again(pixels[test]), net(pixels[test])), "the model came back another one"
checkpoint = mlflow.pytorch.load_checkpoint(Digits, run.info.run_id)
assert isinstance(checkpoint, Digits)
summary = mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/model_summary.txt")
assert "Linear" in summary

print(
    json.dumps(
        {
            "run": run.info.run_id,
            "model": output.model_id,
            "params": found.data.params,
            "metrics": found.data.metrics,
            "history": values,
            "files": sorted(file.path for file in mlflow.artifacts.list_artifacts(run_id=run.info.run_id)),
        }
    )
)
